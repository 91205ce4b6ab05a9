// Drives Chromium through its DevTools pipe, without any library: one command of JSON a line in, one answer a line out.
//
//     node drive.mjs PROFILE_FOLDER [AXE]
//
// Commands: set {width, height, dark, scripts, language}, goto {url}, fill {selector, value}, press {selector}, read,
// axe, picture {file}, end.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [profile, axe] = process.argv.slice(2);
const chromium = spawn(
  "chromium",
  ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
const [, , , to, from] = chromium.stdio;
const waiting = new Map();
let loaded = () => {};
let pending = "";
from.setEncoding("utf8");
from.on("data", (data) => {
  pending += data;
  for (let end = pending.indexOf("\0"); end >= 0; end = pending.indexOf("\0")) {
    const message = JSON.parse(pending.slice(0, end));
    pending = pending.slice(end + 1);
    if (message.method === "Page.loadEventFired") loaded();
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  }
});
for (const pipe of [to, from]) pipe.on("error", (error) => fail(`chromium went away: ${error.message}`));

function fail(reason) {
  console.log(JSON.stringify({ error: reason }));
  chromium.kill();
  process.exit(1);
}

let count = 0;
let session;
async function send(method, params = {}) {
  count += 1;
  const answer = new Promise((resolve) => waiting.set(count, resolve));
  to.write(`${JSON.stringify({ id: count, method, params, sessionId: session })}\0`);
  const late = setTimeout(() => fail(`chromium does not answer ${method} ${JSON.stringify(params).slice(0, 200)}`), 20_000);
  const { result, error } = await answer;
  clearTimeout(late);
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

function load() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no page came within 20 seconds")), 20_000);
    loaded = () => {
      clearTimeout(late);
      resolve();
    };
  });
}

const one = (selector) => `(document.querySelector(${JSON.stringify(selector)}) ?? (() => { throw new Error("no " + ${JSON.stringify(selector)}); })())`;

const commands = {
  async set({ width, height, dark, scripts, language }) {
    await send("Emulation.setDeviceMetricsOverride", { width, height: height ?? 900, deviceScaleFactor: 1, mobile: width < 600 });
    await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await send("Emulation.setScriptExecutionDisabled", { value: scripts === false });
    await send("Network.setExtraHTTPHeaders", { headers: language ? { "Accept-Language": language } : {} });
  },
  async goto({ url }) {
    const arrival = load();
    await send("Page.navigate", { url });
    await arrival;
  },
  async fill({ selector, value }) {
    await evaluate(`${one(selector)}.value = ${JSON.stringify(value)}`);
  },
  async press({ selector }) {
    const arrival = load();
    await evaluate(`${one(selector)}.click()`);
    await arrival;
  },
  async tick({ selector }) {
    await evaluate(`${one(selector)}.click()`);
  },
  async read() {
    return { text: await evaluate("document.body.innerText"), width: await evaluate("document.documentElement.scrollWidth") };
  },
  async axe() {
    await evaluate(readFileSync(axe, "utf8"));
    return evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then(({ violations }) =>
      ({ faults: violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html + " " + node.any.map((check) => check.message).join(" "))) }))`);
  },
  async picture({ file }) {
    const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(file, Buffer.from(data, "base64"));
  },
};

const { targetId } = await send("Target.createTarget", { url: "about:blank" });
session = (await send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
await send("Page.enable");
await send("Network.enable");
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...args } = JSON.parse(line);
  try {
    console.log(JSON.stringify((await commands[what](args)) ?? {}));
  } catch (error) {
    fail(error.message);
  }
}
chromium.kill();
