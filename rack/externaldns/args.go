package externaldns

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Args are external-dns's arguments, as far as they are played.
type Args struct {
	Sources []string
	// GatewayName and GatewayNamespace leave out other Gateways; empty is all of them.
	GatewayName, GatewayNamespace string
	// DomainFilters are the domains that it may touch, and Excluded what it may not touch of them.
	DomainFilters, Excluded []string
	Provider                string
	// Proxied has requests go through Cloudflare.
	Proxied bool
	// Policy is sync, upsert-only or create-only.
	Policy string
	// Owner is who owns what it makes.
	Owner string
	// Prefix is what the names of TXT records begin with.
	Prefix   string
	Interval time.Duration
	// Events has it look at once when something changes.
	Events bool
}

// Parse reads the arguments of a container.
func Parse(args []string) (*Args, error) {
	a := &Args{}
	flags := pflag.NewFlagSet("external-dns", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringArrayVar(&a.Sources, "source", nil, "")
	flags.StringVar(&a.GatewayName, "gateway-name", "", "")
	flags.StringVar(&a.GatewayNamespace, "gateway-namespace", "", "")
	flags.StringArrayVar(&a.DomainFilters, "domain-filter", nil, "")
	flags.StringArrayVar(&a.Excluded, "exclude-domains", nil, "")
	flags.StringVar(&a.Provider, "provider", "", "")
	flags.BoolVar(&a.Proxied, "cloudflare-proxied", false, "")
	flags.StringVar(&a.Policy, "policy", "sync", "")
	flags.StringVar(&a.Owner, "txt-owner-id", "default", "")
	flags.StringVar(&a.Prefix, "txt-prefix", "", "")
	flags.DurationVar(&a.Interval, "interval", time.Minute, "")
	flags.BoolVar(&a.Events, "events", false, "")
	registry := flags.String("registry", "txt", "")
	for _, unread := range []string{"log-level", "log-format", "metrics-address", "cloudflare-dns-records-per-page"} {
		flags.String(unread, "", "")
	}
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("external-dns: %w", err)
	}
	switch {
	case *registry != "txt":
		return nil, unplayed("--registry=" + *registry)
	case !slices.Contains([]string{"sync", "upsert-only", "create-only"}, a.Policy):
		return nil, fmt.Errorf("external-dns: unknown policy: %s", a.Policy)
	case len(a.Sources) == 0:
		return nil, fmt.Errorf("external-dns: no sources specified")
	case a.Provider == "":
		return nil, fmt.Errorf("external-dns: no provider specified")
	case strings.Contains(a.Prefix, "%{record_type}"):
		return nil, unplayed("--txt-prefix=" + a.Prefix)
	}
	for _, source := range a.Sources {
		if source != "gateway-httproute" {
			return nil, unplayed("--source=" + source)
		}
	}
	return a, nil
}

func unplayed(argument string) error {
	return fmt.Errorf("external-dns: this stand-in does not play %s", argument)
}

// mayTouch reports whether a domain is among those that it may touch. A filter covers the names below it, too.
func (a *Args) mayTouch(domain string) bool {
	within := func(filter string) bool {
		return domain == filter || strings.HasSuffix(domain, "."+strings.TrimPrefix(filter, "."))
	}
	return (len(a.DomainFilters) == 0 || slices.ContainsFunc(a.DomainFilters, within)) &&
		!slices.ContainsFunc(a.Excluded, within)
}
