"""config/reports.yml: whether it fits the rest, and what is used of it."""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings.files import Files
from acd.settings.kpi_names import DIRECTIONS, SHARES, Direction
from acd.settings.problems import Place
from acd.settings.report_settings import MailSecurity, MailSettings, ReportSettings, Target
from acd.settings.schema.reports import ReportsFile, TargetEntry


def check_reports(files: Files) -> None:
    """Notes groups that there are not, and thresholds that cannot be meant."""
    read = files.reports
    if read is None or read.content is None:
        return
    document, groups = read.document, files.groups.document.names("groups")
    for group, targets in read.content.groups.items():
        if groups is not None and group not in groups:
            document.report_undefined(("groups", group), "group", group, groups)
        for kpi, target in targets.items():
            _report(files, ("groups", group, kpi), kpi, target)
    for kpi, target in read.content.targets.items():
        _report(files, ("targets", kpi), kpi, target)


def _report(files: Files, place: Place, kpi: str, target: TargetEntry) -> None:
    assert files.reports is not None
    document = files.reports.document
    for name in ("good", "warn"):
        value = getattr(target, name)
        if kpi in SHARES and value > 1:
            document.report((*place, name), f"expected a share from 0 to 1 (80 % is 0.8), got {value:g}")
            return
    direction = DIRECTIONS[kpi]
    if direction is Direction.HIGH and target.warn > target.good:
        document.report(place, "more of this is better: `warn` must not be above `good`")
    if direction is Direction.LOW and target.warn < target.good:
        document.report(place, "less of this is better: `warn` must not be below `good`")


def assemble_reports(file: ReportsFile | None) -> ReportSettings:
    """Of a file without faults; without reports.yml all is as it is by default."""
    if file is None:
        return ReportSettings()
    mail = file.mail
    return ReportSettings(
        targets=_targets(file.targets),
        group_targets={group: _targets(targets) for group, targets in file.groups.items()},
        fcr_days=file.fcr_days,
        csat_top=file.csat_top,
        mail=None
        if mail is None
        else MailSettings(
            mail.host, mail.sender, mail.port, MailSecurity(mail.security), mail.user, mail.password_file
        ),
    )


def _targets(entries: Mapping[str, TargetEntry]) -> dict[str, Target]:
    return {kpi: Target(entry.good, entry.warn) for kpi, entry in entries.items()}
