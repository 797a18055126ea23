import antd from "antd/es/locale/en_US";

import agent from "./agent.json";
import inbox from "./inbox.json";
import phone from "./phone.json";
import shell from "./shell.json";

export { antd };
export default { ...shell, ...agent, ...inbox, ...phone };
