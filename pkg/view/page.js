"use strict";
// What carries data-find is shown when that holds every word of the filter. The text after # in the address is the filter to begin with.
(function () {
  var box = document.getElementById("filter"), tally = document.getElementById("filtered");
  if (!box) { return; }
  var rows = Array.prototype.slice.call(document.querySelectorAll("[data-find]"));
  function apply() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0, all = 0;
    rows.forEach(function (row) {
      var text = row.getAttribute("data-find").toLowerCase();
      var fits = words.every(function (word) { return text.indexOf(word) >= 0; });
      row.toggleAttribute("hidden", !fits);
      if (row.tagName === "TR") { all++; if (fits) { shown++; } }
    });
    if (tally) { tally.textContent = words.length ? shown + " of " + all : ""; }
  }
  box.addEventListener("input", apply);
  try { box.value = decodeURIComponent(location.hash.slice(1)); } catch (e) { box.value = ""; }
  apply();
}());
