package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	edgeaccess "github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/tokenlog"
	"github.com/home-ops/home-ops/spec"
)

// door is a fake service that lets in who shows a token.
type door struct {
	accept func(next, like string)
	revoke func(token string)
	shown  func(token string) tokenlog.Count
	// knock is the status of the answer to somebody who shows a token.
	knock func(ctx context.Context, token string) (int, error)
}

// secretTurn is a secret of the stack that gets another value.
type secretTurn struct {
	// name is how people call it.
	name         string
	ref          spec.SecretRef
	former, next string
	// doors are the services that look at it; none where the room plays nobody who does.
	doors []*door
}

// turnName is how people call the secret that the stack file refers to at a path. Those that are not exchanged here have none:
// others are in steps of their own, or nobody in the room could tell one value of them from another.
func turnName(path string) (name string, ok bool) {
	switch {
	case path == "edge.cloudflare.apiTokenRef":
		return "Cloudflare's API token", true
	case path == "edge.dns.unifi.apiKeyRef":
		return "the router's API key", true
	case path == "flux.github.tokenRef":
		return "GitHub's token", true
	case path == "flux.github.statusTokenRef":
		return "GitHub's token for statuses", true
	case path == "flux.tokenRef":
		return "the repository's token", true
	case path == "secrets.onePassword.tokenRef":
		return "Connect's token", true
	case strings.HasPrefix(path, "cilium.bgp.") && strings.HasSuffix(path, ".passwordRef"):
		return "a BGP password", true
	case strings.HasPrefix(path, "storage.longhorn.backup."):
		return "a key of Longhorn's bucket", true
	}
	return "", false
}

// doorOf is the service that looks at the secret of a path; nil for none.
func (w *world) doorOf(path string) *door {
	switch {
	case path == "edge.cloudflare.apiTokenRef" && w.edge.public != nil:
		return w.atCloudflare()
	case strings.HasPrefix(path, "flux.github.") && w.github != nil:
		return &door{w.github.Accept, w.github.Revoke, w.github.Shown, w.knocker("https://"+github.Host+"/user", false)}
	case path == "flux.tokenRef" && w.git != nil:
		url := w.stack.Flux.Repository + "/info/refs?service=git-upload-pack"
		return &door{func(next, _ string) { w.git.Accept(next) }, w.git.Revoke, w.git.Shown, w.knocker(url, true)}
	case path == "secrets.onePassword.tokenRef" && w.connect != nil:
		address, err := w.connectAddress()
		if err != nil {
			return nil // it could not have been served
		}
		return &door{func(next, _ string) { w.connect.Accept(next) }, w.connect.Revoke, w.connect.Shown, w.knocker("http://"+address+"/v1/vaults", false)}
	}
	return nil
}

func (w *world) atCloudflare() *door {
	of := w.edge.public
	return &door{of.Accept, of.Revoke, of.Shown, w.knocker("https://"+cloudflare.Host+"/client/v4/user/tokens/verify", false)}
}

// knocker asks at a URL.
func (w *world) knocker(url string, basic bool) func(context.Context, string) (int, error) {
	return func(ctx context.Context, token string) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		if basic {
			req.SetBasicAuth("git", token)
		} else {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := w.client().Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, nil
	}
}

// secretTurns are the secrets of the stack that get other values together, each once, with values that are drawn now.
func (r *rehearsal) secretTurns() ([]*secretTurn, error) {
	found := map[spec.SecretRef]*secretTurn{}
	var all []*secretTurn
	for _, at := range r.stack.SecretRefs() {
		name, ok := turnName(at.Path)
		if !ok {
			continue
		}
		x := found[at.Ref]
		if x == nil {
			x = &secretTurn{name: name, ref: at.Ref}
			var err error
			if x.former, x.next, err = r.secrets.exchange(at.Ref, at.Path); err != nil {
				return nil, fmt.Errorf("a secret for %s: %w", at.Path, err)
			}
			found[at.Ref], all = x, append(all, x)
		}
		if d := r.world.doorOf(at.Path); d != nil {
			x.doors = append(x.doors, d)
		}
	}
	return all, nil
}

// put has a reference lead to another value, where its owner would put it.
func (r *rehearsal) put(ctx context.Context, ref spec.SecretRef, value string) error {
	if vault, title, field, ok := ref.OnePassword(); ok {
		r.world.connect.Put(vault, title, field, value)
		return nil
	}
	key, ok := ref.ConfigKey()
	if !ok {
		return fmt.Errorf("nobody knows where %s leads", ref)
	}
	return r.cli.SetSecret(ctx, spec.Namespace+":"+key, value)
}

// rotateSecrets gives the cluster another of each secret that somebody in the room looks at.
func (r *rehearsal) rotateSecrets(ctx context.Context, c *cluster) error {
	keys, err := newKeyTurn(r.secrets.age)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"other tokens, and another age key beside the former", func() error { return r.turnTokens(ctx, c, keys) }},
		{"encrypting the files for the next age key alone", func() error { return r.turnFiles(ctx, c, keys) }},
		{"another tunnel, and the next age key alone", func() error { return r.turnTunnel(ctx, c, keys) }},
		{"another token of the cluster's own", func() error { return r.turnClusterToken(ctx, c) }},
	} {
		if err := r.phase("rotate", step.what, step.do); err != nil {
			return err
		}
	}
	return nil
}

// turnTokens exchanges what others have made, as the pages say: the new one is good before the old one ends.
func (r *rehearsal) turnTokens(ctx context.Context, c *cluster, keys *keyTurn) error {
	if err := r.keysBefore(ctx, c, keys); err != nil {
		return err
	}
	all, err := r.secretTurns()
	if err != nil {
		return err
	}
	before, err := heldOf(ctx, c, all)
	if err != nil {
		return err
	}
	for _, x := range all {
		for _, d := range x.doors {
			d.accept(x.next, x.former)
		}
		if err := r.put(ctx, x.ref, x.next); err != nil {
			return err
		}
	}
	began := time.Now()
	did, err := r.turnUp(ctx, c, "other tokens", func() error { return r.upAsWritten(ctx, upInRotation) })
	if err != nil {
		return err
	}
	ended := map[*door]tokenlog.Count{}
	for _, x := range all {
		for _, d := range x.doors {
			d.revoke(x.former)
			ended[d] = d.shown(x.former)
		}
	}
	r.holds(ctx, c, did, all, before)
	r.podsReplaced(ctx, c, did, before, began)
	r.readsAll(ctx, did)
	r.publishes(ctx, c, did)
	r.readsField(ctx, c, did, ownSecret())
	for _, x := range all {
		for _, d := range x.doors {
			r.turnedToken(ctx, x, d, ended[d])
		}
	}
	return nil
}

// turnUp does one update of a rotation, in which no machine may go down, and no write fail.
func (r *rehearsal) turnUp(ctx context.Context, c *cluster, name string, do func() error) (report.Step, error) {
	did, err := r.act(ctx, c, name, do)
	r.came(did, "up comes to its end", err)
	r.alone(did)
	r.answers(did, true)
	return did, err
}

// keyed is a Secret of the cluster, as NAMESPACE/NAME.
type keyed = string

// heldOf tells for each former value in which Secrets of the cluster it is.
func heldOf(ctx context.Context, c *cluster, all []*secretTurn) (map[*secretTurn][]keyed, error) {
	list, err := c.client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := map[*secretTurn][]keyed{}
	for _, x := range all {
		found[x] = secretsWith(list.Items, x.former)
	}
	return found, nil
}

// secretsWith are the Secrets that have a value in them.
func secretsWith(all []corev1.Secret, value string) []keyed {
	var found []keyed
	for i := range all {
		for _, data := range all[i].Data {
			if strings.Contains(string(data), value) {
				found = append(found, all[i].Namespace+"/"+all[i].Name)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// holds is whether every Secret of the cluster that had a former value has the next one, and none has a former one.
func (r *rehearsal) holds(ctx context.Context, c *cluster, did report.Step, all []*secretTurn, before map[*secretTurn][]keyed) {
	in := 0
	for _, where := range before {
		in += len(where)
	}
	err := errors.New("no Secret had a former one: that proves nothing")
	if in > 0 {
		// Flux hands on what it is given.
		err = within(ctx, reconciled, func(ctx context.Context) error {
			list, err := c.client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			var errs []error
			for _, x := range all {
				if late := secretsWith(list.Items, x.former); len(late) > 0 {
					errs = append(errs, fmt.Errorf("%s: the former one is in %v", x.name, late))
				}
				if now := secretsWith(list.Items, x.next); !slices.Equal(now, before[x]) {
					errs = append(errs, fmt.Errorf("%s: the next one is in %v, and the former was in %v", x.name, now, before[x]))
				}
			}
			return errors.Join(errs...)
		})
	}
	r.addChecked(did.Name+": the cluster holds the next ones, and no former", fmt.Sprintf("%d Secrets have the next of %d", in, len(all)), err)
}

// podsReplaced is whether every pod has been replaced whose programs were given a former value when they started: an environment stays
// as it was.
func (r *rehearsal) podsReplaced(ctx context.Context, c *cluster, did report.Step, before map[*secretTurn][]keyed, began time.Time) {
	changed := map[keyed]bool{}
	for _, where := range before {
		for _, secret := range where {
			changed[secret] = true
		}
	}
	const line = ": no pod runs with a former one"
	looked := map[string]bool{}
	err := until(ctx, func(ctx context.Context) error {
		list, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		clear(looked)
		var errs []error
		for i := range list.Items {
			pod := &list.Items[i]
			if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || !startsWith(pod, changed) {
				continue
			}
			name := pod.Namespace + "/" + pod.Name
			looked[name] = true
			if pod.CreationTimestamp.Time.Before(began.Truncate(time.Second)) {
				errs = append(errs, fmt.Errorf("%s is of before it, and has in its environment what a Secret had then", name))
			}
		}
		return errors.Join(errs...)
	})
	if err == nil && len(looked) == 0 {
		err = skipped("no pod has one of them in its environment")
	}
	r.addChecked(did.Name+line, strings.Join(slices.Sorted(maps.Keys(looked)), ", "), err)
}

// startsWith reports whether a pod takes one of the Secrets into an environment.
func startsWith(pod *corev1.Pod, secrets map[keyed]bool) bool {
	return slices.ContainsFunc(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool {
			return v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil && secrets[pod.Namespace+"/"+v.ValueFrom.SecretKeyRef.Name]
		}) || slices.ContainsFunc(c.EnvFrom, func(v corev1.EnvFromSource) bool {
			return v.SecretRef != nil && secrets[pod.Namespace+"/"+v.SecretRef.Name]
		})
	})
}

// readsAll is whether the program reads everything that it has made outside of the cluster with what it has now.
func (r *rehearsal) readsAll(ctx context.Context, did report.Step) {
	result, err := r.cli.PreviewRefresh(ctx)
	detail := ""
	if result != nil {
		detail = fmt.Sprintf("%v", result.Changes)
	}
	r.readAll(did, detail, err)
}

func (r *rehearsal) readAll(did report.Step, detail string, err error) {
	r.addChecked(did.Name+": a refresh reads everything with the next ones", detail, err)
}

// publishes is whether a name is published that a route asks for now.
func (r *rehearsal) publishes(ctx context.Context, c *cluster, did report.Step) {
	name := strings.ReplaceAll(did.Name, " ", "-")
	host := name + "." + r.stack.Cluster.Domain
	err := r.publish(ctx, c, name, host)
	r.addChecked(did.Name+": a name is published after it", host, err)
}

func (r *rehearsal) publish(ctx context.Context, c *cluster, name, host string) error {
	public := r.world.edge.public
	if public == nil || r.stack.Edge.Exposure == spec.ExposureNone {
		return skipped("the stack publishes nothing at Cloudflare")
	}
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	in := client.Resource(routes).Namespace(echoNamespace)
	_, err = in.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": routes.GroupVersion().String(), "kind": "HTTPRoute", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"hostnames":  []any{host},
			"parentRefs": []any{map[string]any{"name": edgeaccess.ExternalGateway, "namespace": edgeaccess.Namespace}},
			"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": echoName, "port": int64(80)}}}},
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	err = until(ctx, func(context.Context) error {
		if !slices.ContainsFunc(public.Records(r.stack.Edge.Cloudflare.Zone), func(r cloudflare.Record) bool { return r.Name == host }) {
			return fmt.Errorf("nobody has published %s", host)
		}
		return nil
	})
	return errors.Join(err, in.Delete(ctx, name, metav1.DeleteOptions{}))
}

// readsField is whether External Secrets fetches what an ExternalSecret asks for now.
func (r *rehearsal) readsField(ctx context.Context, c *cluster, did report.Step, value string) {
	r.addChecked(did.Name+": a field of 1Password is read after it", "by External Secrets", r.readField(ctx, c, value))
}

func (r *rehearsal) readField(ctx context.Context, c *cluster, value string) error {
	o := r.stack.Secrets.OnePassword
	if o == nil || r.world.connect == nil {
		return skipped("the stack has no 1Password")
	}
	const name, field = "rehearsal-rotated", "text"
	r.secrets.values[spec.SecretRef(name)] = value
	r.world.connect.Put(o.Vault, name, field, value)
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	in := client.Resource(secretClaims).Namespace(echoNamespace)
	_, err = in.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": secretClaims.GroupVersion().String(), "kind": "ExternalSecret", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"secretStoreRef": map[string]any{"kind": "ClusterSecretStore", "name": "onepassword"},
			"data":           []any{map[string]any{"secretKey": field, "remoteRef": map[string]any{"key": name, "property": field}}},
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	err = until(ctx, func(ctx context.Context) error {
		secret, err := c.client.CoreV1().Secrets(echoNamespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if string(secret.Data[field]) != value {
			return errors.New("the Secret holds something else")
		}
		return nil
	})
	return errors.Join(err, in.Delete(ctx, name, metav1.DeleteOptions{}))
}

// seenToken is what a service has seen of a token that was exchanged.
type seenToken struct {
	// used is how often the next one was shown, and late the former since it has ended.
	used, late tokenlog.Count
	// next and former are the statuses of the answers to who shows one now.
	next, former int
}

// turnedToken looks at a service after the former token has ended; ended is how often it had been shown by then.
func (r *rehearsal) turnedToken(ctx context.Context, x *secretTurn, d *door, ended tokenlog.Count) {
	var seen seenToken
	// Some ask only from time to time.
	err := until(ctx, func(context.Context) error {
		if seen.used = d.shown(x.next); seen.used.In == 0 {
			return errors.New("nobody has asked with the next one")
		}
		return nil
	})
	late := d.shown(x.former)
	seen.late = tokenlog.Count{In: late.In - ended.In, Refused: late.Refused - ended.Refused}
	if err == nil {
		var errNext, errFormer error
		seen.next, errNext = d.knock(ctx, x.next)
		seen.former, errFormer = d.knock(ctx, x.former)
		err = errors.Join(errNext, errFormer)
	}
	r.tokenTurned(x.name, seen, err)
}

// tokenTurned is whether the next token is used by all who used the former, and the former is refused.
func (r *rehearsal) tokenTurned(name string, seen seenToken, err error) {
	refuses := func(status int) bool { return status == http.StatusUnauthorized || status == http.StatusForbidden }
	switch {
	case err != nil:
	case seen.used.In == 0:
		err = errors.New("nobody has asked with the next one")
	case seen.used.Refused > 0:
		err = fmt.Errorf("the next one was refused %d times", seen.used.Refused)
	case seen.late != tokenlog.Count{}:
		err = fmt.Errorf("somebody goes on with the former one: it was shown %d times after its end", seen.late.In+seen.late.Refused)
	case seen.next != http.StatusOK:
		err = fmt.Errorf("who shows the next one is answered %d", seen.next)
	case !refuses(seen.former):
		err = fmt.Errorf("who shows the former one is answered %d", seen.former)
	}
	r.addChecked(name+": the next one is used, and the former refused",
		fmt.Sprintf("%d calls were let in with it; who shows the former is answered %d", seen.used.In, seen.former), err)
}
