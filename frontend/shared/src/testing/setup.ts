/** What jsdom lacks and Mantine asks for. */
import "@testing-library/jest-dom/vitest";

import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

import { setUpLanguage } from "@shared/i18n/setup";

setUpLanguage({}, {});
afterEach(cleanup);
window.matchMedia = (query: string) =>
  Object.assign(new EventTarget(), { matches: false, media: query, onchange: null, addListener: () => undefined, removeListener: () => undefined });
window.ResizeObserver = class { observe = () => undefined; unobserve = () => undefined; disconnect = () => undefined; };
