package picture_test

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// measure names every text that leaves the picture or runs into another one. A browser knows how wide a text is.
const measure = `<script>
const found = [];
for (const svg of document.querySelectorAll("svg")) {
  const page = svg.viewBox.baseVal, texts = [...svg.querySelectorAll("text")];
  const box = t => { const b = t.getBBox(); return {l: b.x, r: b.x + b.width, t: b.y + 2, b: b.y + b.height - 3, s: t.textContent}; };
  const boxes = texts.map(box);
  for (const b of boxes) if (b.l < 0 || b.r > page.width - 4 || b.b > page.height) found.push(svg.dataset.name + ": leaves the page: " + b.s);
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const a = boxes[i], b = boxes[j];
    if (a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b) found.push(svg.dataset.name + ": run into each other: " + a.s + " | " + b.s);
  }
}
document.body.innerHTML = "<pre id=found>" + (found.join("\n") || "none").replaceAll("&", "&amp;").replaceAll("<", "&lt;") + "</pre>";
</script>`

// No font is at hand when a picture is drawn, so that widths are guessed: a real browser says whether they were guessed well.
func TestAll_FitsItsTextsInARealBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium here")
	}
	var page strings.Builder
	page.WriteString("<!doctype html><body>")
	for name, stack := range map[string]*spec.Stack{"home": spectest.Home(t), "lab": spectest.Lab(t)} {
		for file, svg := range drawn(t, stack) {
			page.WriteString(strings.Replace(string(svg), "<svg ", fmt.Sprintf("<svg data-name=%q ", name+"/"+file), 1))
		}
	}
	page.WriteString(measure)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Skipf("chromium does not run here: %v", err)
	}
	_, found, ok := strings.Cut(string(out), `<pre id="found">`)
	found, _, _ = strings.Cut(found, "</pre>")
	if !ok || found != "none" {
		t.Errorf("%s", html.UnescapeString(found))
	}
}
