import { clusterContract } from "../../contract/cluster-contract.ts";
import { startControlPlane } from "./control-plane.ts";

clusterContract("a real API server with its controllers", () => startControlPlane());
