// What makes pages pleasant; every page works without it.

import { setUpChoiceSearches } from "./choice-search.js";
import { showOwnTimes, startClocks } from "./clocks.js";
import { setUpCounters, showCounts } from "./counters.js";
import { setUpLeaveWarning, setUpSubmitOnce, setUpUnsentRemoval } from "./form-guards.js";
import {
  adaptToScripts,
  foldSteps,
  setUpLazyParts,
  setUpMenus,
  setUpPrinting,
} from "./page-parts.js";
import { setUpRowButtons } from "./rows.js";
import { setUpTablePaste } from "./table-paste.js";
import { setUpTextPreviews } from "./text-preview.js";

setUpTablePaste();
setUpCounters();
setUpRowButtons();
setUpPrinting();
setUpLeaveWarning();
setUpSubmitOnce();
setUpUnsentRemoval();
setUpLazyParts();
setUpMenus();
setUpChoiceSearches();
setUpTextPreviews();
adaptToScripts();
foldSteps();
showOwnTimes(document);
showCounts(document);
startClocks();

const summary = document.querySelector(".error-summary");
if (summary instanceof HTMLElement) summary.focus();

document.addEventListener("htmx:afterSwap", (event) => {
  if (!(event.target instanceof Element)) return;
  showOwnTimes(event.target);
  showCounts(event.target);
});
