package picture

import (
	"fmt"
	"strings"
)

// colour is one role of the pictures, for a light and for a dark page.
type colour struct{ name, light, dark string }

// surfaces are what texts stand on.
func surfaces() []colour {
	return []colour{
		{"page", "#ffffff", "#0d1117"},
		{"panel", "#f3f5f8", "#1a212b"},
	}
}

// inks are the colours of texts: at least 4.5 to 1 on every surface (https://www.w3.org/TR/WCAG21/#contrast-minimum).
func inks() []colour {
	return []colour{
		{"ink", "#1b2027", "#eef2f7"},
		{"dim", "#55606d", "#a3afbd"},
	}
}

// marks are the colours of areas that mean something: at least 3 to 1 on every surface
// (https://www.w3.org/TR/WCAG21/#non-text-contrast).
func marks() []colour {
	return []colour{
		{"node", "#1f6fd6", "#4d9bff"},
		{"vip", "#c2410c", "#fb8a4c"},
		{"router", "#6b7280", "#9aa4b2"},
		{"dhcp", "#8a6d00", "#d4b106"},
		{"reserved", "#7c5e52", "#bf9c8c"},
		{"pool", "#0f8a5f", "#2fb888"},
		{"gateway", "#b1218f", "#f06bd0"},
		{"pod", "#5b5bd6", "#8d8df5"},
		{"service", "#0e7490", "#2cb1cf"},
		{"system", "#475569", "#94a3b8"},
		{"ceph", "#d02f3f", "#ff7080"},
		{"zfs", "#1f6fd6", "#4d9bff"},
		{"longhorn", "#0f8a5f", "#2fb888"},
		{"volume", "#8a6d00", "#d4b106"},
		{"untouched", "#6b7280", "#9aa4b2"},
		{"card", "#0e7490", "#2cb1cf"},
		{"talos", "#c2410c", "#fb8a4c"},
		{"pulumi", "#5b5bd6", "#8d8df5"},
		{"flux", "#1f6fd6", "#4d9bff"},
		{"outside", "#6b7280", "#9aa4b2"},
		{"home", "#0f8a5f", "#2fb888"},
		{"cluster", "#5b5bd6", "#8d8df5"},
	}
}

// Sizes of texts, in units of the picture.
const (
	sizeTitle = 18
	sizeHead  = 14
	sizeText  = 12
)

// style is the sheet of every picture: a class for each role, with the dark values for readers who ask for them.
func style() string {
	var light, dark, classes strings.Builder
	for _, c := range append(append(surfaces(), inks()...), marks()...) {
		fmt.Fprintf(&light, "--%s:%s;", c.name, c.light)
		fmt.Fprintf(&dark, "--%s:%s;", c.name, c.dark)
	}
	for _, c := range marks() {
		fmt.Fprintf(&classes, ".%[1]s{fill:var(--%[1]s)}.on-%[1]s{stroke:var(--%[1]s)}\n", c.name)
	}
	return "svg{" + light.String() + "}\n" +
		"@media (prefers-color-scheme:dark){svg{" + dark.String() + "}}\n" +
		fmt.Sprintf("text{font:%dpx ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:var(--ink)}\n", sizeText) +
		fmt.Sprintf(".title{font-size:%dpx;font-weight:700}.head{font-size:%dpx;font-weight:600}.dim{fill:var(--dim)}.end{text-anchor:end}.middle{text-anchor:middle}\n", sizeTitle, sizeHead) +
		".mono{font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}\n" +
		".page{fill:var(--page)}.panel{fill:var(--panel)}.edge{fill:none;stroke:var(--dim);stroke-opacity:.45}\n" +
		".free{fill:none;stroke:var(--dim);stroke-opacity:.28}.wire{fill:none;stroke:var(--dim);stroke-width:1.5}.tip{fill:var(--dim)}\n" +
		".ring{fill:var(--panel);stroke-width:1.5}.dash{stroke-dasharray:4 3}.soft{fill-opacity:.45}\n" +
		classes.String()
}
