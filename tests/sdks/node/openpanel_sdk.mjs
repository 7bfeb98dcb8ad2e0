import { OpenPanel } from "@openpanel/sdk";
import { OpenPanel as OldOpenPanel } from "openpanel-sdk-1.0";

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

export async function everyMethod(options) {
  const op = new OpenPanel(options);
  op.setGlobalProperties({ app: "shop" });
  const answers = {
    track: await op.track("signed_up", { plan: "pro", profileId: "p-0", groups: ["team-0"] }),
    identify: await op.identify({
      profileId: "p-1",
      firstName: "Ada",
      lastName: "Lovelace",
      email: "ada@example.com",
      avatar: "https://example.com/ada.png",
      properties: { tier: "gold" },
    }),
    increment: await op.increment({ profileId: "p-1", property: "visits", value: 3 }),
    decrement: await op.decrement({ profileId: "p-1", property: "credit" }),
    group: await op.upsertGroup({ id: "team-1", type: "team", name: "Engines", properties: { seats: 5 } }),
    assignGroup: await op.setGroup("team-1"),
    assignGroups: await op.setGroups(["team-2", "team-3"]),
    trackAgain: await op.track("opened"),
    revenue: await op.revenue(12.5, { deviceId: "d-9", __currency: "EUR", order: 7 }),
  };
  op.alias({ profileId: "p-1", alias: "p-2" });
  const ids = { device: op.getDeviceId(), session: op.getSessionId(), fetched: await op.fetchDeviceId() };
  op.clear();
  await op.track("anonymous");
  return { answers, ids };
}

export async function numericProfile(options) {
  const op = new OpenPanel(options);
  await op.identify({ profileId: 42, firstName: "Ada" });
  await op.track("opened");
}

export async function offlineUntilReady(options) {
  const op = new OpenPanel({ ...options, disabled: true });
  await op.track("first", { n: 1 });
  await pause(60);
  await op.track("second", { n: 2 });
  await op.increment({ profileId: "p-1", property: "visits" });
  const queued = op.queue.map((item) => item.payload.properties?.__timestamp ?? null);
  await pause(400);
  op.ready();
  return { queued, left: op.queue.length };
}

export async function waitForProfile(options) {
  const op = new OpenPanel({ ...options, waitForProfile: true });
  await op.track("before_login");
  const queued = op.queue.length;
  await op.identify({ profileId: "p-7", firstName: "Ada" });
  return { queued, left: op.queue.length };
}

export async function filtered(options) {
  const op = new OpenPanel({ ...options, filter: (event) => event.payload.name !== "noise" });
  await op.track("noise");
  await op.track("signal");
}

export async function replayAfterTrack(options) {
  const op = new OpenPanel(options);
  const chunk = {
    chunk_index: 0,
    events_count: 1,
    is_full_snapshot: true,
    started_at: new Date().toISOString(),
    ended_at: new Date().toISOString(),
    payload: "[]",
  };
  await op.send({ type: "replay", payload: chunk });
  const queued = op.queue.length;
  await op.track("opened");
  return { queued, left: op.queue.length };
}

export async function one(options) {
  const op = new OpenPanel(options);
  const started = Date.now();
  const answer = await op.track("tried");
  return { answer, milliseconds: Date.now() - started };
}

export async function oldFetchDeviceId(options) {
  const op = new OldOpenPanel(options);
  const fetched = await op.fetchDeviceId();
  const answer = await op.track("asked_first");
  return { fetched, answer };
}
