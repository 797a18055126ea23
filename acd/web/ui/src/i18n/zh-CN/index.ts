import antd from "antd/es/locale/zh_CN";
import "dayjs/locale/zh-cn"; // of months and weekdays in calendars

import admin from "./admin.json";
import agent from "./agent.json";
import calls from "./calls.json";
import customers from "./customers.json";
import error from "./error.json";
import inbox from "./inbox.json";
import phone from "./phone.json";
import reason from "./reason.json";
import reports from "./reports.json";
import shell from "./shell.json";
import story from "./story.json";
import supervisor from "./supervisor.json";

export { antd };
export default { ...shell, ...error, ...agent, ...inbox, ...phone, ...supervisor, ...customers, ...calls, ...story, ...reason, ...reports, ...admin };
