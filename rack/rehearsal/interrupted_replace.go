package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/pulumi"
)

const (
	recordKind  = "cloudflare:index/record:Record"
	webhookKind = "github:index/repositoryWebhook:RepositoryWebhook"
	tunnelKind  = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
)

// replacedFirst are the kinds of what is outside of the cluster that is deleted before another takes its place.
var replacedFirst = []string{
	recordKind, "cloudflare:index/apiToken:ApiToken",
	webhookKind, "github:index/repositoryDeployKey:RepositoryDeployKey", "github:index/repositoryRuleset:RepositoryRuleset",
	"onepassword:index/item:Item",
}

// things are what the state has outside of the cluster, as URNs by their kinds.
type things map[string]string

// outsideThings are the tunnel and what is deleted before it is replaced; of each kind a stack has one.
func (r *rehearsal) outsideThings(ctx context.Context) (things, error) {
	state, err := r.cli.Export(ctx)
	if err != nil {
		return nil, err
	}
	var s struct {
		Deployment struct {
			Resources []struct{ URN, Type string } `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	found := things{}
	for _, resource := range s.Deployment.Resources {
		if resource.Type == tunnelKind || slices.Contains(replacedFirst, resource.Type) {
			found[resource.Type] = resource.URN
		}
	}
	return found, nil
}

// first are those that are deleted before they are replaced.
func (t things) first() []string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(t)) {
		if kind != tunnelKind {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// interruptReplacement has everything outside of the cluster replaced, and `up` ended on the way: what is deleted first, as an
// operator would ask for it, and, where at all of the moments, the tunnel by way of another name and back. Where not, `up` is killed
// inside deletions as well.
func (r *rehearsal) interruptReplacement(ctx context.Context, all bool) error {
	found, err := r.outsideThings(ctx)
	if err != nil {
		return err
	}
	if len(found.first()) == 0 {
		r.add("a replacement is among the moments", true, "the stack has nothing outside of its cluster that is deleted before it is replaced")
		return nil
	}
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	type way struct{ name, text string }
	ways := []way{{"a replacement", string(before)}}
	if other, ok := withOtherTunnel(string(before), r.stack.Name); ok && all && found[tunnelKind] != "" {
		ways = []way{{"a replacement", other}, {"a replacement back", string(before)}}
	}
	for _, way := range ways {
		if err := r.condemn(ctx, found, len(ways) > 1); err != nil {
			return err
		}
		if err := os.WriteFile(r.file.Copy, []byte(way.text), 0o600); err != nil {
			return fmt.Errorf("stack file: %w", err)
		}
		var planned []moment
		if _, err := r.cli.Preview(ctx, moments(&planned)); err != nil {
			return err
		}
		r.replaces(planned, found)
		if !all {
			planned = sample(slices.DeleteFunc(planned, func(m moment) bool { return found[m.kind] == "" }))
		}
		if err := r.interruptAt(ctx, way.name, planned); err != nil {
			return err
		}
		if err := r.upThrough(ctx); err != nil {
			return err
		}
	}
	if all {
		return nil
	}
	return r.interruptDeletions(ctx, found)
}

// condemn has the next `up` replace everything that is deleted first; the tunnel may then be replaced, too.
func (r *rehearsal) condemn(ctx context.Context, found things, tunnel bool) error {
	if tunnel {
		if err := r.cli.Do(ctx, "state", "unprotect", found[tunnelKind], "--stack", r.cli.Stack); err != nil {
			return err
		}
	}
	args := []string{"state", "taint", "--stack", r.cli.Stack}
	for _, kind := range found.first() {
		args = append(args, found[kind])
	}
	return r.cli.Do(ctx, args...)
}

// withOtherTunnel is a stack file with another name for the tunnel.
func withOtherTunnel(text, stack string) (string, bool) {
	const account = "cloudflare: { accountID:"
	if strings.Count(text, account) != 1 || strings.Contains(text, "tunnelName:") {
		return "", false
	}
	return strings.Replace(text, account, fmt.Sprintf("cloudflare: { tunnelName: %s-rehearsal, accountID:", stack), 1), true
}

// replaces is whether a preview tells that each thing which is deleted first is deleted, and made again.
func (r *rehearsal) replaces(planned []moment, found things) {
	var not []string
	for _, kind := range found.first() {
		deleted := slices.Contains(planned, moment{apitype.OpDeleteReplaced, kind, false})
		if !deleted || !slices.Contains(planned, moment{apitype.OpCreateReplacement, kind, false}) {
			not = append(not, kind)
		}
	}
	detail := fmt.Sprintf("%d kinds", len(found.first()))
	if len(not) > 0 {
		detail = "not replaced: " + strings.Join(not, ", ")
	}
	r.add("a replacement is among the moments", len(not) == 0 && len(planned) > 0, detail)
}

// unheard is a deletion at a service.
type unheard struct {
	what, kind string
	// fail has the service do it, never answer, and call then.
	fail func(then func())
}

// unheardDeletions are those in which `up` is killed: the service has done what it was asked for, and nobody has heard of it.
func (r *rehearsal) unheardDeletions() []unheard {
	return []unheard{
		{"the record", recordKind, func(then func()) {
			for _, record := range r.world.edge.public.Records(r.stack.Edge.Cloudflare.Zone) {
				if record.Name == "external."+r.stack.Cluster.Domain {
					r.world.edge.public.Fail(cloudflare.Fault{
						Trouble: cloudflare.Unheard, Method: http.MethodDelete, Path: "/dns_records/" + record.ID, Then: then,
					})
				}
			}
		}},
		{"the webhook", webhookKind, func(then func()) {
			r.world.github.Fail(github.Fault{Trouble: github.Unheard, Method: http.MethodDelete, Path: r.world.repository() + "/hooks", Then: then})
		}},
	}
}

// interruptDeletions kills `up` inside deletions. The next one cannot know; it says the command that helps, and the one after that
// completes.
func (r *rehearsal) interruptDeletions(ctx context.Context, found things) error {
	for _, deletion := range r.unheardDeletions() {
		urn := found[deletion.kind]
		if urn == "" {
			continue
		}
		if err := r.condemn(ctx, things{deletion.kind: urn}, false); err != nil {
			return err
		}
		r.interruptInside(ctx, "in the deletion of "+deletion.what, func(_ context.Context, kill func()) pulumi.Watcher {
			deletion.fail(kill)
			return func(apitype.EngineEvent) {}
		})
		r.world.heal()
		var commands []string
		_, err := r.cli.Up(ctx, func(e apitype.EngineEvent) { commands = toForget(commands, e) })
		r.toldHow(deletion.what, urn, commands, err)
		for _, command := range commands {
			if err := r.doAsTold(ctx, command); err != nil {
				return err
			}
		}
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
	}
	return nil
}

// toldHow is whether an `up` that could not delete what is gone has told the command that helps.
func (r *rehearsal) toldHow(what, urn string, commands []string, err error) {
	ok := err != nil && len(commands) == 1 && strings.Contains(commands[0], urn)
	detail := detailOf(err, "pulumi said that all went well")
	if ok {
		detail = commands[0]
	}
	r.add(fmt.Sprintf("the deletion of %s that nobody heard of is told, with the command that helps", what), ok, detail)
}

// toForget adds the command of an event that says what a dead run has deleted.
func toForget(commands []string, e apitype.EngineEvent) []string {
	if e.DiagnosticEvent == nil {
		return commands
	}
	_, rest, ok := strings.Cut(e.DiagnosticEvent.Message, "To have it forgotten: ")
	command, _, whole := strings.Cut(rest, "; then run up again")
	if !ok || !whole || slices.Contains(commands, command) {
		return commands
	}
	return append(commands, command)
}

// upThrough runs `up`; where it says that a dead run has deleted what the state knows, it does as it is told, and runs `up` again.
func (r *rehearsal) upThrough(ctx context.Context, watch ...pulumi.Watcher) (err error) {
	for range len(replacedFirst) + 2 {
		var commands []string
		_, err = r.cli.Up(ctx, append(slices.Clone(watch), func(e apitype.EngineEvent) { commands = toForget(commands, e) })...)
		if err == nil || len(commands) == 0 || ctx.Err() != nil {
			break
		}
		for _, command := range commands {
			if err := r.doAsTold(ctx, command); err != nil {
				return err
			}
		}
	}
	return err
}

// doAsTold runs a command that `up` has told.
func (r *rehearsal) doAsTold(ctx context.Context, command string) error {
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if len(words) < 2 || words[0] != "pulumi" {
		return fmt.Errorf("up says to run %q", command)
	}
	err := r.cli.Do(ctx, words[1:]...)
	if err != nil && strings.Contains(err.Error(), "ambiguously referred to multiple resources") {
		return r.choose(ctx, words[len(words)-1])
	}
	return err
}

// choose has the state forget, of two resources of a URN, the one that is pending deletion, which pulumi asks a person about.
func (r *rehearsal) choose(ctx context.Context, urn string) error {
	text, err := r.cli.Export(ctx)
	if err != nil {
		return err
	}
	var state map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	deployment, _ := state["deployment"].(map[string]any)
	resources, _ := deployment["resources"].([]any)
	left := slices.DeleteFunc(slices.Clone(resources), func(v any) bool {
		resource, _ := v.(map[string]any)
		return resource["urn"] == urn && resource["delete"] == true
	})
	if len(left) != len(resources)-1 {
		return errors.New("state: not one resource " + urn + " is pending deletion")
	}
	deployment["resources"] = left
	if text, err = json.Marshal(state); err != nil {
		return err
	}
	return r.cli.Import(ctx, text)
}
