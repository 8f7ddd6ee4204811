package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/spec"
)

// anotherTunnel and ownToken have the stack file say what the page says: the tunnel has another name, and the cluster a token of its
// own.
func anotherTunnel(name string) func(config map[string]any) error {
	return cloudflareKey("tunnelName", name)
}

func ownToken(config map[string]any) error { return cloudflareKey("clusterToken", true)(config) }

func cloudflareKey(key string, value any) func(config map[string]any) error {
	return func(config map[string]any) error {
		edge, _ := config["home-ops:edge"].(map[string]any)
		of, _ := edge["cloudflare"].(map[string]any)
		if of == nil {
			return errors.New("it has no edge.cloudflare")
		}
		of[key] = value
		return nil
	}
}

// urnAsWritten is the URN of the one resource of a name, as the page's command shows it.
func (r *rehearsal) urnAsWritten(ctx context.Context, w pageCommand, name string) (string, error) {
	words, err := r.words(w, nil)
	if err != nil {
		return "", err
	}
	said, err := r.cli.Says(ctx, words[1:]...)
	if err != nil {
		return "", err
	}
	return urnIn(said, name)
}

// urnIn finds a resource in what pulumi shows of a stack.
func urnIn(said, name string) (string, error) {
	var found []string
	for word := range strings.FieldsSeq(said) {
		if strings.HasPrefix(word, "urn:") && strings.HasSuffix(word, "::"+name) {
			found = append(found, word)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("pulumi shows %d resources that are called %s", len(found), name)
	}
	return found[0], nil
}

// tunnelNow is the stack's tunnel, and what its connectors are started with.
func (r *rehearsal) tunnelNow(ctx context.Context) (of cloudflare.Tunnel, token string, err error) {
	name := r.stack.Edge.Cloudflare.TunnelName
	of, ok := r.world.edge.public.Tunnel(name)
	if !ok {
		return of, "", fmt.Errorf("Cloudflare has no tunnel %s", name) //nolint:staticcheck // a name
	}
	client := &api.Client{HTTP: r.world.client(), Token: r.secrets.of(r.stack.Edge.Cloudflare.APITokenRef)}
	err = client.Do(ctx, http.MethodGet, "/accounts/"+of.Account+"/cfd_tunnel/"+of.ID+"/token", nil, &token)
	return of, token, err
}

// turnTunnel gives the tunnel another secret, which is another tunnel; and the cluster a token of its own, and the next age key
// alone.
func (r *rehearsal) turnTunnel(ctx context.Context, c *cluster, keys *keyTurn) error {
	if r.stack.Edge.Exposure != spec.ExposureTunnel || r.world.edge.public == nil {
		r.skip("the tunnel has another secret", "the stack has no tunnel")
		if keys == nil {
			return nil
		}
		if err := r.keysAfter(ctx, keys); err != nil {
			return err
		}
		if _, err := r.turnUp(ctx, c, "the next age key alone", func() error { return r.upAsWritten(ctx, upInRotation) }); err != nil {
			return err
		}
		return r.formerKeyEnds(ctx, c, keys)
	}
	_, former, err := r.tunnelNow(ctx)
	if err != nil {
		return err
	}
	// Nobody plays the connectors, which hold on to the tunnel until they end.
	if _, err := r.world.edge.public.Connect(former); err != nil {
		return err
	}
	tunnel := &secretTurn{name: "the tunnel's token", former: former}
	before, err := heldOf(ctx, c, []*secretTurn{tunnel})
	if err != nil {
		return err
	}
	if err := errors.Join(r.keysAfter(ctx, keys), r.edit(anotherTunnel(r.stack.Edge.Cloudflare.TunnelName+"-2")), r.edit(ownToken)); err != nil {
		return err
	}
	urn, err := r.urnAsWritten(ctx, showURNs, "edge-tunnel")
	if err != nil {
		return err
	}
	if err := r.pulumiAsWritten(ctx, unprotectTunnel, map[string]string{"URN": urn}); err != nil {
		return err
	}
	began := time.Now()
	did, err := r.turnUp(ctx, c, "another tunnel", func() error { return r.upAsWritten(ctx, upInRotation) })
	if err != nil {
		return err
	}
	now, token, err := r.tunnelNow(ctx)
	if err != nil {
		return err
	}
	tunnel.next = token
	r.secrets.values["the tunnel's former token"], r.secrets.values["the tunnel's token"] = former, token
	r.holds(ctx, c, did, []*secretTurn{tunnel}, before)
	r.podsReplaced(ctx, c, did, before, began)
	_, opens := r.world.edge.public.Connect(token)
	_, formerOpens := r.world.edge.public.Connect(former)
	leads, err := r.world.edge.public.Route("echo."+r.stack.Cluster.Domain, "/")
	r.tunnelTurned(now.ID, leads.Tunnel, errors.Join(err, opens), formerOpens)
	return r.formerKeyEnds(ctx, c, keys)
}

// tunnelTurned is whether public names lead through the next tunnel, which its token opens, and the former token opens none.
func (r *rehearsal) tunnelTurned(next, leads string, opens, former error) {
	err := opens
	switch {
	case err != nil:
	case leads != next:
		err = fmt.Errorf("public names lead through tunnel %q, not %s", leads, next)
	case former == nil:
		err = errors.New("the former token still opens a tunnel")
	}
	r.addChecked("the tunnel has another secret", "public names lead through it, and the former token opens nothing", err)
}

// turnClusterToken makes the cluster's own token anew.
func (r *rehearsal) turnClusterToken(ctx context.Context, c *cluster) error {
	if r.world.edge.public == nil || !r.stack.Edge.Cloudflare.ClusterToken {
		return nil
	}
	former, err := r.ownTokenNow()
	if err != nil {
		return err
	}
	own := &secretTurn{name: "the cluster's own token at Cloudflare", former: former}
	all := []*secretTurn{own}
	before, err := heldOf(ctx, c, all)
	if err != nil {
		return err
	}
	urn, err := r.urnAsWritten(ctx, showURNs, "edge-cluster-token")
	if err != nil {
		return err
	}
	began := time.Now()
	did, err := r.turnUp(ctx, c, "another cluster token", func() error { return r.replaceAsWritten(ctx, replaceToken, urn) })
	if err != nil {
		return err
	}
	d := r.world.atCloudflare()
	ended := d.shown(former)
	if own.next, err = r.ownTokenNow(); err != nil {
		return err
	}
	r.secrets.values["the cluster's former token"], r.secrets.values["the cluster's token"] = former, own.next
	r.holds(ctx, c, did, all, before)
	r.podsReplaced(ctx, c, did, before, began)
	r.publishes(ctx, c, did)
	r.turnedToken(ctx, own, d, ended)
	return nil
}

// ownTokenNow is the one token that was made at Cloudflare for the cluster.
func (r *rehearsal) ownTokenNow() (string, error) {
	made := r.world.edge.public.Tokens()
	if len(made) != 1 {
		return "", fmt.Errorf("Cloudflare has %d tokens of the cluster, not one", len(made)) //nolint:staticcheck // a name
	}
	return made[0].Value, nil
}
