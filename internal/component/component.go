package component

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Component is a component resource whose children are being made.
type Component struct {
	// Context is that of the running program.
	Context *pulumi.Context

	name   string
	parent pulumi.Resource
}

// Register registers a component resource of the type homeops:index:KIND. The options
// are the caller's; children get none of them but by way of the engine.
func Register(
	ctx *pulumi.Context, kind, name string, resource pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) (*Component, error) {
	if err := ctx.RegisterComponentResource("homeops:index:"+kind, name, resource, opts...); err != nil {
		return nil, err
	}
	return &Component{Context: ctx, name: name, parent: resource}, nil
}

// Root is the stack itself, for what belongs to no component. Its steps are called by
// their own names.
func Root(ctx *pulumi.Context) *Component { return &Component{Context: ctx} }

// Name is the name of a child in Pulumi.
func (c *Component) Name(child string) string {
	if c.name == "" {
		return child
	}
	return c.name + "-" + child
}

// called is what errors call the component.
func (c *Component) called() string {
	if c.name == "" {
		return "the stack"
	}
	return c.name
}

// Options are those of a child, and more.
func (c *Component) Options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	if c.parent == nil {
		return more
	}
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent)}, more...)
}

// serviceTimeout is how long one operation at an outside service may take, its repetitions
// included. The providers' own default is twenty minutes, of which nothing is shown.
const serviceTimeout = "1m0s"

// AtService are the options of a child that is made at an outside service, and more. A
// service that does not answer is an error after a minute.
func (c *Component) AtService(service *Service, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	more = append(more, pulumi.Provider(service.ProviderResource), pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: serviceTimeout, Update: serviceTimeout, Delete: serviceTimeout,
	}))
	if service.Things != nil {
		more = append(more, pulumi.ResourceHooks(service.Things))
	}
	return c.Options(more...)
}

// ReplacedFirst deletes a thing before another takes its place. Its service refuses a second one of the name; and what the
// hooks of its service take for a dead run's must not be what the state still knows.
func ReplacedFirst() pulumi.ResourceOption { return pulumi.DeleteBeforeReplace(true) }

// Secret is a value that nobody sees, even where it was not marked so.
func Secret(value pulumi.StringInput) pulumi.StringOutput {
	return pulumi.ToSecret(value.ToStringOutput()).(pulumi.StringOutput)
}

// Fingerprint is the first bytes of a secret's SHA-256, in hexadecimal: it changes with
// the secret, and what carries it among its annotations starts anew. The secrets are of
// machines' making, far too long to be guessed from it; it is kept secret all the same.
func Fingerprint(secret pulumi.StringInput, bytes int) pulumi.StringOutput {
	sum := secret.ToStringOutput().ApplyT(func(text string) string {
		hash := sha256.Sum256([]byte(text))
		return hex.EncodeToString(hash[:min(bytes, len(hash))])
	})
	return pulumi.ToSecret(sum).(pulumi.StringOutput)
}
