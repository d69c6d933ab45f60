/** Tools that write no SARIF: what they say themselves, as the same findings. */
export { readSonarQube } from "./converters/sonarqube.ts";
