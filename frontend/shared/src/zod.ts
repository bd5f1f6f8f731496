/** Zod for this project: the content security policy forbids code from strings, so it must not even try before the first schema. */
import { z } from "zod";

z.config({ jitless: true });

export { z };
