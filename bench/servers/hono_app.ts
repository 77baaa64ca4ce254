// The same application in Hono: GET answers `body`, POST echoes.

import { Hono } from "hono";
import { body } from "./app.ts";

export const app: Hono = new Hono();

app.get("/", (c) => typeof body === "string" ? c.text(body) : c.body(body));
app.get("/items/:id", (c) => typeof body === "string" ? c.text(body) : c.body(body));
app.post("/echo", async (c) => c.body(await c.req.arrayBuffer()));
