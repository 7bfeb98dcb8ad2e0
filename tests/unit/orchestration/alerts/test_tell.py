"""A failed build, a red check, a spool that waits and a warehouse that is away are told when they begin and end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster_shared.error import SerializableErrorInfo

from event_lens.settings import Settings, read_settings
from orchestration.alerts import look as alert_look
from orchestration.alerts.tell import tell
from orchestration.dagster_home import write_configuration
from orchestration.planning.runs import JOB, SENSOR
from orchestration.run_tags import PROJECT_TAG
from orchestration.triggers.alerts import alert_sensors
from tests.ports import free_port
from tests.unit.orchestration.alerts.receivers import Webhook, serving


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving(Webhook()) as server:
        server.health = spool()
        yield server


@pytest.fixture
def settings(webhook: Webhook, tmp_path: Path, warehouse_url: str) -> Settings:
    """The webhook's server is also the collector whose health is asked."""
    return read_settings({
        "EVENTLENS_WAREHOUSE_URL": warehouse_url,
        "EVENTLENS_HOME": str(tmp_path / "home"),
        "EVENTLENS_PUBLIC_URL": "https://stats.example.com",
        "EVENTLENS_DAGSTER_PATH": "/dagster",
        "EVENTLENS_COLLECTOR_PORT": str(webhook.server_port),
        "EVENTLENS_ALERT_WEBHOOK": webhook.url,
        "EVENTLENS_ALERT_NETWORKS": "127.0.0.0/8",
        "EVENTLENS_ALERT_SPOOL_BYTES": "1000000",
    })  # fmt: skip


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    home = tmp_path_factory.mktemp("dagster")
    write_configuration(home)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


def spool(events: int = 0, size: int = 0, oldest: float | None = None) -> dict[str, object]:
    return {"spool": {"pendingEvents": events, "pendingBytes": size, "oldestSeconds": oldest}}


def build(instance: dg.DagsterInstance, *, fails: bool = False, is_red: bool = False, project: str = "") -> str:
    """A run of a job of the name of ours; its id."""

    @dg.asset
    def table() -> None:
        if fails:
            raise dg.Failure("broken")

    @dg.asset_check(asset=table)
    def adds_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=not is_red)

    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    job = dg.define_asset_job(JOB, selection=everything)
    definitions = dg.Definitions(assets=[table], asset_checks=[adds_up], jobs=[job])
    tags = {PROJECT_TAG: project} if project else {}
    result = definitions.resolve_job_def(JOB).execute_in_process(instance=instance, raise_on_error=False, tags=tags)
    return result.run_id


def look(instance: dg.DagsterInstance, at: int, *, failures: int) -> None:
    """A look of the sensor, the last of so many in a row that failed."""
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("ours"), "__repository__").get_instigator_origin(
        SENSOR
    )
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.DECLARED_IN_CODE)
    if not instance.get_instigator_state(state.instigator_origin_id, state.selector_id):
        instance.add_instigator_state(state)
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=SENSOR,
            instigator_type=InstigatorType.SENSOR,
            status=TickStatus.FAILURE if failures else TickStatus.SKIPPED,
            timestamp=float(at),
            selector_id=state.selector_id,
            error=SerializableErrorInfo("Table\n is gone", [], "Refused") if failures else None,
            consecutive_failure_count=failures,
        )
    )


def told(settings: Settings, webhook: Webhook, instance: dg.DagsterInstance) -> list[str]:
    """What a look has posted."""
    webhook.posted.clear()
    tell(settings, instance, [dg.AssetCheckKey(dg.AssetKey("table"), "adds_up")])
    return [body["text"] for _, body in webhook.posted]


def test_a_failed_build_is_told_once_with_its_address_and_once_when_one_succeeds(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    build(instance)
    assert told(settings, webhook, instance) == []
    run_id = build(instance, fails=True)
    address = f"https://stats.example.com/dagster/runs/{run_id}"
    assert told(settings, webhook, instance) == [f"A build failed; what it planned stays unbuilt.\n{address}"]
    build(instance, fails=True)
    assert told(settings, webhook, instance) == []
    build(instance)
    (over,) = told(settings, webhook, instance)
    assert over.startswith("Over: A build failed")
    assert told(settings, webhook, instance) == []


def test_a_project_that_fails_again_causes_no_alert_at_every_try(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    build(instance)
    build(instance, fails=True, project="broken")
    assert told(settings, webhook, instance) == []
    build(instance, fails=True)
    build(instance, project="mended")
    (begun,) = told(settings, webhook, instance)
    assert begun.startswith("A build failed")
    build(instance)
    told(settings, webhook, instance)


def test_a_sensor_that_fails_twice_is_told_once_with_the_reason_and_once_when_it_looks_again(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    build(instance)
    look(instance, 1, failures=1)
    assert told(settings, webhook, instance) == []
    look(instance, 2, failures=2)
    (begun,) = told(settings, webhook, instance)
    address = f"https://stats.example.com/dagster/locations/__repository__@orchestration.definitions/sensors/{SENSOR}"
    assert begun == f"Nothing that lands is built: the sensor of builds fails.\nTable is gone\n{address}"
    look(instance, 3, failures=3)
    assert told(settings, webhook, instance) == []
    look(instance, 4, failures=0)
    (over,) = told(settings, webhook, instance)
    assert over.startswith("Over: Nothing that lands is built")


def test_a_check_is_told_when_it_turns_red_and_when_it_passes_again(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    run_id = build(instance, is_red=True)
    (text,) = told(settings, webhook, instance)
    assert text == f"A check is red: table: adds_up.\nhttps://stats.example.com/dagster/runs/{run_id}"
    build(instance, is_red=True)
    assert told(settings, webhook, instance) == []
    build(instance)
    (over,) = told(settings, webhook, instance)
    assert over.startswith("Over: A check is red: table: adds_up.")


def test_late_landings_and_a_growing_spool_are_told_until_half_of_it_is_gone(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    build(instance)
    webhook.health = spool(1200, 999_999, 299)
    assert told(settings, webhook, instance) == []
    webhook.health = spool(1200, 2_000_000, 301)
    late, grown = told(settings, webhook, instance)
    assert late.startswith("Events land late: 1,200 wait, the oldest for 301 s.")
    assert grown.startswith("The spool grows: 2 MB wait.")
    # A value just under the limit does not end the problem: otherwise it would be announced again and again.
    webhook.health = spool(1200, 900_000, 299)
    assert told(settings, webhook, instance) == []
    webhook.health = spool()
    assert [text.partition(":")[0] for text in told(settings, webhook, instance)] == ["Over", "Over"]


def test_a_warehouse_that_is_away_is_told_at_the_first_look_and_once_when_it_answers(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_look, "AWAY_SECONDS", 0)
    build(instance)
    away = replace(settings, warehouse_url=f"http://127.0.0.1:{free_port()}")
    (begun,) = told(away, webhook, instance)
    assert begun.startswith("The warehouse is away")
    assert "Start it with `eventlens up`" in begun
    assert told(away, webhook, instance) == []
    (over,) = told(settings, webhook, instance)
    assert over.startswith("Over: The warehouse is away")


def test_a_collector_that_does_not_answer_ends_no_alert(
    settings: Settings, webhook: Webhook, instance: dg.DagsterInstance
) -> None:
    build(instance)
    webhook.health = spool(1, 2_000_000, None)
    assert len(told(settings, webhook, instance)) == 1
    webhook.health = {}
    assert told(settings, webhook, instance) == []


def test_only_settings_that_name_a_target_get_a_sensor(settings: Settings, tmp_path: Path) -> None:
    quiet = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    assert alert_sensors(quiet) == []
    assert [sensor.name for sensor in alert_sensors(settings)] == ["tell_what_is_wrong"]


def test_the_sensor_looks_at_every_check(settings: Settings, webhook: Webhook, instance: dg.DagsterInstance) -> None:
    build(instance, is_red=True)

    @dg.asset_check(asset="table")
    def adds_up() -> dg.AssetCheckResult:
        raise NotImplementedError

    (sensor,) = alert_sensors(settings)
    repository = dg.Definitions(asset_checks=[adds_up], sensors=[sensor]).get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    skipped = sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "webhook: Event Lens: A check is red: table: adds_up."
    assert len(webhook.posted) == 1
