import type { Logger } from "pino";
import { connectClusters } from "./adapters/kubernetes/clusters.ts";
