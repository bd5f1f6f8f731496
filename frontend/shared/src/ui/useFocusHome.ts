/** Where the focus goes when a dialog is gone together with what had opened it. */
import { useEffect } from "react";

/** Later than a dialog needs to fade, and to give the focus back itself. */
const AFTER_MS = 300;

/** The return that is still to come; a dialog that opens meanwhile has the focus, and a return of its own. */
let pending: number | undefined;

/** While `opened`, what had the focus is remembered; afterwards a lost focus returns there, or to the head of what is left around it. */
export function useFocusHome(opened: boolean): void {
  useEffect(() => {
    if (!opened) return undefined;
    window.clearTimeout(pending);
    const way = wayUp(document.activeElement);
    return () => {
      window.clearTimeout(pending);
      pending = window.setTimeout(() => goHome(way), AFTER_MS);
    };
  }, [opened]);
}

/** From what has the focus to the root of the page. */
function wayUp(focused: Element | null): Element[] {
  const way: Element[] = [];
  for (let at = focused; at !== null; at = at.parentElement) way.push(at);
  return way;
}

function goHome(way: readonly Element[]): void {
  const isLost = () => document.activeElement === null || document.activeElement === document.body;
  const focus = (element: Element | null | undefined) => { if (isLost() && element instanceof HTMLElement) element.focus(); };
  if (way[0]?.isConnected === true) focus(way[0]);
  const around = way.find((one) => one.isConnected)?.closest("section, [role=dialog], main") ?? document.querySelector("main");
  const head = around?.querySelector("h1, h2, h3") ?? around;
  if (isLost() && head?.hasAttribute("tabindex") === false) head.setAttribute("tabindex", "-1");
  focus(head);
}
