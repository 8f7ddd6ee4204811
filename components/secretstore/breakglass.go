package secretstore

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/onepassword"
	"github.com/home-ops/home-ops/internal/outside"
)

// BreakGlass is what opens the cluster when all else is lost, the state of this program
// included.
type BreakGlass struct {
	// Talosconfig and Kubeconfig give full rights over the machines and the cluster,
	// until their certificates end.
	Talosconfig, Kubeconfig pulumi.StringInput
	// MachineSecrets is the bundle from which new ones can be made at any time
	// (talosctl gen config --with-secrets).
	MachineSecrets pulumi.StringInput
}

func (b BreakGlass) complete() bool {
	return b.Talosconfig != nil && b.Kubeconfig != nil && b.MachineSecrets != nil
}

// breakGlass writes the item, where the stack names a vault for it.
func (a *Args) breakGlass(c *component.Component) error {
	into := a.Stack.Secrets.OnePassword.BreakGlassVault
	if into == "" {
		return nil
	}
	provider, vault, err := a.Secrets.OnePassword(into)
	if err != nil {
		return err
	}
	concealed := func(label string, value pulumi.StringInput) onepassword.ItemSectionField {
		return onepassword.ItemSectionField{Label: label, Type: "CONCEALED", Value: value}
	}
	_, err = onepassword.NewItem(c.Context, c.Name("break-glass"), &onepassword.ItemArgs{
		Vault: vault, Category: "secure_note", Title: a.Stack.Cluster.Name + " break-glass", Tags: []string{outside.ItemTag},
		Sections: []onepassword.ItemSection{{Label: "break-glass", Fields: []onepassword.ItemSectionField{
			concealed("talosconfig", a.BreakGlass.Talosconfig),
			concealed("kubeconfig", a.BreakGlass.Kubeconfig),
			concealed("secrets.yaml", a.BreakGlass.MachineSecrets),
		}}},
	}, c.AtService(provider, component.ReplacedFirst())...)
	return err
}
