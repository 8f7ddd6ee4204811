// Command rack-plugins is every stand-in Pulumi plugin of the rack in one binary, which is the one that its name
// says: install it, or a link to it, as pulumi-resource-talos, pulumi-language-go and so on.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/plugin/cloudflare"
	"github.com/home-ops/home-ops/rack/plugin/github"
	"github.com/home-ops/home-ops/rack/plugin/golang"
	"github.com/home-ops/home-ops/rack/plugin/kubernetes"
	"github.com/home-ops/home-ops/rack/plugin/onepassword"
	"github.com/home-ops/home-ops/rack/plugin/serve"
	"github.com/home-ops/home-ops/rack/plugin/talos"
)

func main() {
	plugins := map[string]func() serve.Plugin{
		"pulumi-language-go":          golang.Plugin,
		"pulumi-resource-cloudflare":  cloudflare.Plugin,
		"pulumi-resource-github":      github.Plugin,
		"pulumi-resource-kubernetes":  kubernetes.Plugin,
		"pulumi-resource-onepassword": onepassword.Plugin,
		"pulumi-resource-talos":       talos.Plugin,
	}

	name := filepath.Base(os.Args[0])
	make, ok := plugins[name]
	if !ok {
		names := []string{}
		for name := range plugins {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "rack-plugins: called as %q; link it as one of: %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	if err := serve.Main(make(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "%s (stand-in): %v\n", name, err)
		os.Exit(1)
	}
}
