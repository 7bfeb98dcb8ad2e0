"""Looks for problems whenever sensors are evaluated and alerts people, if the settings name a way to do so."""

import dagster as dg

from event_lens.settings import Settings
from orchestration.alerts.send import ways
from orchestration.alerts.tell import tell

# Sensors are evaluated every half minute and after landings (`triggers.watch`). With half a minute here, a look shortly
# before it has passed would be left out, and the next one would come a minute after the last.
SECONDS_BETWEEN_LOOKS = 5


def alert_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensor that sends alerts; no sensor when the settings name no target."""
    if not ways(settings):
        return []

    @dg.sensor(
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells by webhook or e-mail of a failed build, a failing sensor of builds, a red check, late "
        "landings, a growing spool, a silent warehouse: once, and once when it is over.",
    )
    def tell_what_is_wrong(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        repository = context.repository_def
        checks = repository.asset_graph.asset_check_keys if repository else ()
        said = tell(settings, context.instance, checks)
        return dg.SkipReason(
            "; ".join(f"{message.way}: {message.subject}" for message in said) or "Nothing new to tell."
        )

    return [tell_what_is_wrong]
