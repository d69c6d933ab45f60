/** Tools that write no SARIF: what they write themselves, as the same findings. */
export { readWapiti, readZap } from "./converters/pages.ts";
export type { ConvertedReading } from "./converters/reading.ts";
export { readSonarQube, type SonarQubeAnswers } from "./converters/sonarqube.ts";
