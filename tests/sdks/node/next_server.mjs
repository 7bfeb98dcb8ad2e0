// Serves the published route handler under /api/op/, as Next.js does, until its standard input is closed.
import { createServer } from "node:http";
import { createRouteHandler } from "@openpanel/nextjs/server";
import { NextRequest } from "next/server.js";

const handle = createRouteHandler({ apiUrl: process.argv[2] });

const server = createServer(async (incoming, outgoing) => {
  const pieces = [];
  for await (const piece of incoming) pieces.push(piece);
  const request = new NextRequest(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
    body: incoming.method === "POST" ? Buffer.concat(pieces) : undefined,
  });
  const answer = await handle[incoming.method](request);
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
});

server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on("end", () => process.exit(0));
