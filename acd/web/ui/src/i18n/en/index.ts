import antd from "antd/es/locale/en_US";

import admin from "./admin.json";
import agent from "./agent.json";
import calls from "./calls.json";
import customers from "./customers.json";
import inbox from "./inbox.json";
import phone from "./phone.json";
import shell from "./shell.json";
import supervisor from "./supervisor.json";

export { antd };
export default { ...shell, ...agent, ...inbox, ...phone, ...supervisor, ...customers, ...calls, ...admin };
