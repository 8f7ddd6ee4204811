package talos_test

import (
	"slices"
	"testing"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/components/talos"
)

func TestTalosconfig_TalksToEveryControlPlaneItself(t *testing.T) {
	text, err := talos.Talosconfig(home(t), "Y2E=", "Y3J0", "a2V5")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientconfig.FromString(text)
	if err != nil {
		t.Fatal(err)
	}
	context := config.Contexts[config.Context]
	if config.Context != "home" || context == nil {
		t.Fatalf("context %q of %v", config.Context, config.Contexts)
	}
	if want := []string{"10.0.50.11", "10.0.50.12"}; !slices.Equal(context.Endpoints, want) {
		t.Errorf("endpoints %v", context.Endpoints)
	}
	if context.CA != "Y2E=" || context.Crt != "Y3J0" || context.Key != "a2V5" {
		t.Errorf("credentials %v", context)
	}
}
