// Event Lens's part of /op1.js: takes the tag's data- attributes for options, and remembers devices that agreed.
// The tracker, below, is OpenPanel's.
(() => {
  if (window.openpanel) return;

  const KEY = "eventlens-device";
  const script = document.currentScript;
  const VALUES = { "": true, true: true, false: false };

  // What a tag says wins over what is usual, and what the page says in op("init", ...) over the tag.
  function optionsOf(dataset) {
    const said = Object.entries(dataset).map(([name, value]) => [name, VALUES[value] ?? value]);
    return { trackScreenViews: true, trackOutgoingLinks: true, trackAttributes: true, ...Object.fromEntries(said) };
  }

  let deviceId = "";

  // Nothing is read or written in the browser's storage before a page calls this, by the option or by itself.
  function rememberDevice(isAgreed = true) {
    deviceId = "";
    try {
      if (!isAgreed) return localStorage.removeItem(KEY);
      deviceId = localStorage.getItem(KEY) || newId();
      localStorage.setItem(KEY, deviceId);
    } catch {
      // The browser keeps nothing here: the collector derives a device for the day.
    }
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  const waiting = Array.from(window.op?.q ?? [], (call) => Array.from(call));
  const called = waiting.findIndex(([name]) => name === "init");
  const given = called < 0 ? {} : waiting.splice(called, 1)[0][1] ?? {};
  const options = { ...(script?.dataset.clientId ? optionsOf(script.dataset) : {}), ...given };
  if (!options.clientId) {
    if (script) console.error("Event Lens: the script's tag needs a data-client-id.");
    return;
  }
  options.apiUrl ??= script?.src ? new URL(".", script.src).href.replace(/\/$/, "") : location.origin;
  const filter = options.filter;
  options.filter = (sent) => {
    if (deviceId && sent.type !== "replay") sent.payload.deviceId ??= deviceId;
    return filter ? filter(sent) : true;
  };
  if (options.rememberDevice) rememberDevice();
  for (const [name, isAgreed] of waiting) if (name === "rememberDevice") rememberDevice(isAgreed);

  const op = (...call) => op.q.push(call);
  op.q = [["init", options], ...waiting.filter(([name]) => name !== "rememberDevice")];
  window.op = op;

  /* OPENPANEL */

  window.openpanel.rememberDevice = rememberDevice;
})();
