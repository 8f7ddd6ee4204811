package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// destroy takes the cluster down by the commands of docs/runbooks/destroy.md, one wish after the other, each of which gives up more
// than the one before: it is forgotten and remembered, its machines are given back with the data on their disks, and in the end the
// accounts go.
func destroy(ctx context.Context, r *rehearsal) error {
	kept, err := r.keepCopies()
	if err != nil {
		return err
	}
	blank := r.world.accounts()
	c, _, err := r.settled(ctx)
	if err != nil {
		return err
	}
	data, err := r.writeData()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"pulumi destroy, which must be refused", func() error { return r.stopsAtProtected(ctx, "a running cluster", r.observe) }},
		{"pulumi stack rm, and the state restored", func() error { return r.forgotten(ctx, kept) }},
		{"keeping the data: homeops reset -etcd-from-snapshot", func() error { return r.dataKept(ctx, c, data) }},
		{"giving the machines back: homeops reset", func() error { return r.givenBack(ctx, data) }},
		{"pulumi destroy, which must be refused still", func() error { return r.stopsAtProtected(ctx, "what a reset leaves", noCluster) }},
		{"pulumi state unprotect, and pulumi destroy", func() error { return r.destroyed(ctx, data, blank) }},
	} {
		if err := r.phase("destroy", step.what, step.do); err != nil {
			return err
		}
	}
	return nil
}

// noCluster is a look at one that is not there.
func noCluster(context.Context) error { return nil }

// stopsAtProtected tries a destroy that stops at what is protected. Stands is whether the cluster is as it was.
func (r *rehearsal) stopsAtProtected(ctx context.Context, of string, stands func(context.Context) error) error {
	before, err := r.stored(ctx)
	if err != nil {
		return err
	}
	accounts := r.world.accounts()
	var said []string
	_, err = r.destroyAsWritten(ctx, destroyAll, func(e apitype.EngineEvent) { said = appendComplaint(said, e) })
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	detail, wrong := namedProtected(before, said)
	if err == nil {
		wrong = errors.New("pulumi destroyed it")
	}
	r.addChecked("destroy of "+of+" stops at what is protected, and names it", detail, wrong)
	after, err := r.stored(ctx)
	if err != nil {
		return err
	}
	err = differs("the state", before, after)
	err = errors.Join(err, differs("the accounts", accounts, r.world.accounts()), stands(ctx))
	r.addChecked("destroy of "+of+" touches nothing when it is refused", fmt.Sprintf("%d resources in the state, %d things at accounts", len(after), len(accounts)), err)
	return nil
}

// undeletable is how pulumi says that something is protected
// (https://github.com/pulumi/pulumi/blob/pkg/v3.250.0/pkg/resource/deploy/step.go, deleteProtectedError).
const undeletable = "cannot be deleted"

// namedProtected are the names of what pulumi stopped at. All of it must be protected.
func namedProtected(state []stored, said []string) (string, error) {
	var names []string
	var errs []error
	for _, line := range said {
		name, why, _ := strings.Cut(line, ": ")
		if !strings.Contains(why, undeletable) {
			continue
		}
		if !slices.ContainsFunc(state, func(s stored) bool { return s.Protect && s.URN.Name() == name }) {
			errs = append(errs, fmt.Errorf("it stopped at %s, which is not protected", name))
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "", fmt.Errorf("it names nothing that is protected, but says %q", said)
	}
	return strings.Join(names, ", "), errors.Join(errs...)
}

// stored is what the state says of a resource.
type stored struct {
	URN     resource.URN `json:"urn"`
	Protect bool         `json:"protect"`
}

// stored are the resources of the state, in its order.
func (r *rehearsal) stored(ctx context.Context) ([]stored, error) {
	text, err := r.cli.Export(ctx)
	if err != nil {
		return nil, err
	}
	var state struct {
		Deployment struct {
			Resources []stored `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return state.Deployment.Resources, nil
}

// inCluster is how many of the resources are objects of the cluster.
func inCluster(state []stored) int {
	n := 0
	for _, s := range state {
		if strings.HasPrefix(string(s.URN.Type()), "kubernetes:") {
			n++
		}
	}
	return n
}

// differs is an error that says what one list has and the other lacks.
func differs[T comparable](of string, before, after []T) error {
	only := func(here, there []T) []T {
		return slices.DeleteFunc(slices.Clone(here), func(x T) bool { return slices.Contains(there, x) })
	}
	gone, come := only(before, after), only(after, before)
	if len(gone)+len(come) > 0 {
		return fmt.Errorf("%s: %v gone, %v new", of, gone, come)
	}
	return nil
}

// accounts are what is at the accounts outside of the cluster, a line for each thing.
func (w *world) accounts() []string {
	var all []string
	note := func(form string, words ...any) { all = append(all, fmt.Sprintf(form, words...)) }
	if w.edge.public != nil {
		settings := w.stack.Edge.Cloudflare
		for _, record := range w.edge.public.Records(settings.Zone) {
			note("record %s %s", record.Type, record.Name)
		}
		for _, token := range w.edge.public.Tokens() {
			note("API token %s", token.Name)
		}
		if tunnel, ok := w.edge.public.Tunnel(settings.TunnelName); ok {
			note("tunnel %s", tunnel.Name)
		}
		for id, value := range w.edge.public.Settings(settings.Zone) {
			note("setting %s %v", id, value)
		}
	}
	if w.github != nil {
		owner, name := w.stack.Flux.OwnerAndName()
		repository := owner + "/" + name
		for _, key := range w.github.DeployKeys(repository) {
			note("deploy key %s", key.Title)
		}
		for _, hook := range w.github.Hooks(repository) {
			note("webhook %s", hook.URL)
		}
		for _, rules := range w.github.Rulesets(repository) {
			note("ruleset %s", rules.Name)
		}
	}
	if o := w.stack.Secrets.OnePassword; o != nil && w.connect != nil {
		vaults := []string{o.Vault}
		if o.BreakGlassVault != "" && o.BreakGlassVault != o.Vault {
			vaults = append(vaults, o.BreakGlassVault)
		}
		for _, vault := range vaults {
			for _, item := range w.connect.Items(vault) {
				note("item %s of %s", item.Title, vault)
			}
		}
	}
	slices.Sort(all)
	return all
}

// forgotten removes the stack, and has the copy of its state bring it back.
func (r *rehearsal) forgotten(ctx context.Context, kept copies) error {
	if err := r.asWritten(ctx, saveKeysFirst, "", nil); err != nil {
		return err
	}
	if err := r.asWritten(ctx, saveStateFirst, "", nil); err != nil {
		return err
	}
	before, err := r.stored(ctx)
	if err != nil {
		return err
	}
	accounts := r.world.accounts()
	if err := r.pulumiAsWritten(ctx, forgetStack, nil); err != nil {
		return err
	}
	r.leftAlone(ctx, accounts)
	if err := r.asWritten(ctx, restoreState, "", map[string]string{"key.txt": kept.identity}); err != nil {
		return err
	}
	after, err := r.stored(ctx)
	if err != nil {
		return err
	}
	r.addChecked("a stack that was forgotten is remembered from its copy", fmt.Sprintf("%d resources", len(after)), differs("the state", before, after))
	return nil
}

// leftAlone is whether a stack that was forgotten is gone from the backend, and nothing else is.
func (r *rehearsal) leftAlone(ctx context.Context, accounts []string) {
	var errs []error
	if _, err := r.cli.Export(ctx); err == nil {
		errs = append(errs, errors.New("the backend has it still"))
	}
	if text, err := os.ReadFile(r.file.Copy); err != nil || len(text) == 0 {
		errs = append(errs, fmt.Errorf("the stack file is gone: %w", err))
	}
	errs = append(errs, differs("the accounts", accounts, r.world.accounts()))
	for _, m := range r.rack.nodes {
		if m.State() != node.Running {
			errs = append(errs, fmt.Errorf("%s is %v", m.spec.Name, m.State()))
		}
	}
	r.addChecked("a stack that is forgotten leaves everything as it runs", "its machines, its accounts and its stack file", errors.Join(errs...))
}

// dataKept copies etcd out, takes the public names away, and resets the machines for a rebuild.
func (r *rehearsal) dataKept(ctx context.Context, c *cluster, data dataOnDisks) error {
	if err := r.copyEtcd(ctx, c); err != nil {
		return err
	}
	if err := r.withdraw(ctx, c); err != nil {
		return err
	}
	accounts := r.world.accounts()
	before, err := r.stored(ctx)
	if err != nil {
		return err
	}
	did, err := r.act(ctx, c, "reset for a rebuild", func() error { return r.asWritten(ctx, keepData, r.stack.Name+"\n", nil) })
	r.came(did, "every machine is in maintenance mode", errors.Join(err, r.allWait()))
	r.allDown(did)
	if err != nil {
		return err
	}
	after, err := r.stored(ctx)
	if err != nil {
		return err
	}
	r.whatStays(did, accounts, data)
	r.rememberedOrNot(did, inCluster(before), inCluster(after))
	return nil
}

// copyEtcd has the cluster copy etcd out, where its tree does that.
func (r *rehearsal) copyEtcd(ctx context.Context, c *cluster) error {
	_, err := c.client.BatchV1().CronJobs("etcd-backup").Get(ctx, "etcd-backup", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, lastCopy, c, nil); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, lastCopyEnds, c, nil)
}

// withdraw takes the gateways away, and waits until external-dns has taken its records away.
func (r *rehearsal) withdraw(ctx context.Context, c *cluster) error {
	before := len(r.world.published())
	if err := r.kubectlAsWritten(ctx, dropGateways, c, nil); err != nil {
		return err
	}
	if r.world.edge.public == nil {
		r.add("external-dns takes its names away before the cluster goes", true, "the stack has no names at Cloudflare")
		return nil
	}
	err := within(ctx, reconciled, func(context.Context) error {
		if left := r.world.published(); len(left) > 0 {
			return fmt.Errorf("%v are there still", left)
		}
		return nil
	})
	if before == 0 {
		err = errors.New("there were none: nothing is shown")
	}
	r.addChecked("external-dns takes its names away before the cluster goes", fmt.Sprintf("%d records", before), err)
	return nil
}

// published are the records of the zone that are not the program's own.
func (w *world) published() []string {
	if w.edge.public == nil {
		return nil
	}
	var names []string
	for _, record := range w.edge.public.Records(w.stack.Edge.Cloudflare.Zone) {
		if record.Name != "external."+w.stack.Cluster.Domain {
			names = append(names, recordLine(record))
		}
	}
	return names
}

func recordLine(record cloudflare.Record) string { return record.Type + " " + record.Name }

// allWait is nil when every machine is in maintenance mode.
func (r *rehearsal) allWait() error {
	var errs []error
	for _, m := range r.rack.nodes {
		if m.State() != node.Maintenance {
			errs = append(errs, fmt.Errorf("%s is %v", m.spec.Name, m.State()))
		}
	}
	return errors.Join(errs...)
}

// whatStays is whether a step left the accounts and the disks as they were.
func (r *rehearsal) whatStays(did report.Step, accounts []string, data dataOnDisks) {
	r.addChecked(did.Name+": the accounts are as they were", fmt.Sprintf("%d things", len(accounts)), differs("the accounts", accounts, r.world.accounts()))
	detail, err := data.there(r)
	r.addChecked(did.Name+": data disks and user volumes have what they had", detail, err)
}

// rememberedOrNot is whether the state keeps what was in the cluster, which comes back from a snapshot of etcd.
func (r *rehearsal) rememberedOrNot(did report.Step, before, after int) {
	r.add(did.Name+": the state keeps what is in the cluster", before > 0 && after == before, fmt.Sprintf("%d of %d objects", after, before))
}

// givenBack resets machines that wait already: what was in the cluster is forgotten, and nothing else.
func (r *rehearsal) givenBack(ctx context.Context, data dataOnDisks) error {
	accounts := r.world.accounts()
	did := report.Step{Name: "reset of the cluster"}
	if err := r.asWritten(ctx, giveBack, r.stack.Name+"\n", nil); err != nil {
		return err
	}
	after, err := r.stored(ctx)
	if err != nil {
		return err
	}
	r.whatStays(did, accounts, data)
	r.onlyAccounts(did, after)
	return nil
}

// onlyAccounts is whether the state has forgotten the cluster, and nothing else.
func (r *rehearsal) onlyAccounts(did report.Step, after []stored) {
	left := inCluster(after)
	secrets := slices.ContainsFunc(after, func(s stored) bool {
		return s.URN.Type() == "talos:machine/secrets:Secrets" && s.Protect
	})
	r.add(did.Name+": the state knows the accounts and the machine secrets alone", left == 0 && secrets,
		fmt.Sprintf("%d objects of the cluster among %d resources; machine secrets are protected there: %t", left, len(after), secrets))
}

// destroyed lifts the protection, and takes down what is left.
func (r *rehearsal) destroyed(ctx context.Context, data dataOnDisks, blank []string) error {
	if err := r.pulumiAsWritten(ctx, liftProtection, nil); err != nil {
		return err
	}
	result, err := r.destroyAsWritten(ctx, destroyAll)
	if err != nil {
		return err
	}
	left, err := r.stored(ctx)
	if err != nil {
		return err
	}
	r.nothingLeft(left, result.Changes[apitype.OpDelete], blank)
	detail, err := data.there(r)
	r.addChecked("after the destroy data disks and user volumes have what they had", detail, err)
	return nil
}

// nothingLeft is whether state and accounts are as before the first `up`.
func (r *rehearsal) nothingLeft(left []stored, deleted int, blank []string) {
	r.add("after the destroy the state is empty", len(left) == 0 && deleted > 0, fmt.Sprintf("%d resources were deleted, and there are %v", deleted, left))
	r.addChecked("after the destroy nothing is left at the accounts", fmt.Sprintf("%d things, as before the first `up`", len(blank)),
		differs("the accounts", blank, r.world.accounts()))
}

// dataOnDisks is what data disks and user volumes have: of a disk that a program takes as a whole its content, by machine and path, and
// the marked files of user volumes.
type dataOnDisks struct {
	contents map[string]string
	files    []string
}

// writeData marks every user volume of its own partition, and notes what is on the other disks.
func (r *rehearsal) writeData() (dataOnDisks, error) {
	noted := dataOnDisks{}
	var err error
	if noted.contents, err = r.contents(); err != nil {
		return dataOnDisks{}, err
	}
	for _, m := range r.rack.nodes {
		for _, volume := range m.spec.UserVolumes {
			if volume.Type == spec.VolumeDirectory {
				continue // it lies on EPHEMERAL
			}
			folder, err := m.HostPath("/var/mnt/" + volume.Name)
			if err != nil {
				return dataOnDisks{}, fmt.Errorf("marker: %w", err)
			}
			file := filepath.Join(folder, markerName)
			if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(file, []byte(markerText), 0o600)); err != nil {
				return dataOnDisks{}, fmt.Errorf("marker: %w", err)
			}
			noted.files = append(noted.files, file)
		}
	}
	return noted, nil
}

// markerText is what marked files of machines hold.
const markerText = "before"

// contents are those of all disks that have some.
func (r *rehearsal) contents() (map[string]string, error) {
	contents := map[string]string{}
	for _, m := range r.rack.nodes {
		for _, d := range m.Disks() {
			content, err := m.Content(d.Path)
			if err != nil {
				return nil, err
			}
			if content != "" {
				contents[m.spec.Name+" "+d.Path] = content
			}
		}
	}
	return contents, nil
}

// there is nil when all of it is still there.
func (before dataOnDisks) there(r *rehearsal) (string, error) {
	now, err := r.contents()
	if err != nil {
		return "", err
	}
	var errs []error
	for _, disk := range slices.Sorted(maps.Keys(before.contents)) {
		if now[disk] != before.contents[disk] {
			errs = append(errs, fmt.Errorf("%s had %q, and has %q", disk, before.contents[disk], now[disk]))
		}
	}
	for _, file := range before.files {
		if text, err := os.ReadFile(file); err != nil || string(text) != markerText {
			errs = append(errs, fmt.Errorf("the marker of a user volume is %q: %w", text, err))
		}
	}
	if len(before.contents)+len(before.files) == 0 {
		errs = append(errs, errors.New("there were none: nothing is shown"))
	}
	return fmt.Sprintf("%d disks, %d user volumes", len(before.contents), len(before.files)), errors.Join(errs...)
}
