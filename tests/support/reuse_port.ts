/** Prints why it cannot listen with `reusePort`. */
import { serve } from "../../mod.ts";

try {
  await serve({ port: 8000, hostname: "127.0.0.1", reusePort: true, fetch: () => new Response() });
} catch (error) {
  console.log(String(error));
}
