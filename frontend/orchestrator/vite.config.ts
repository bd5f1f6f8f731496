import { appConfig } from "../vite.shared";

export default appConfig("orchestrator");
