package rehearsal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	talossecrets "github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/spec"
)

// rotatedCA is a kind of authority, by its key in the stack file and as people call it.
type rotatedCA struct{ key, name string }

var (
	talosCA      = rotatedCA{"talosCA", "Talos CA"}
	kubernetesCA = rotatedCA{"kubernetesCA", "Kubernetes CA"}
)

// rotationStep is one update of a rotation, as its page has it.
type rotationStep struct {
	of   rotatedCA
	name string
	want spec.Authority
	// replaced is how many resources it replaces: another kubeconfig is fetched when another authority signs it.
	replaced int
}

// steps are those of a rotation.
func (ca rotatedCA) steps() []rotationStep {
	refetched := 0
	if ca == kubernetesCA {
		refetched = 1
	}
	return []rotationStep{
		{ca, "accepted", spec.Authority{Issuing: 1, Accepted: 2}, 0},
		{ca, "issues", spec.Authority{Issuing: 2, Accepted: 1}, refetched},
		{ca, "alone", spec.Authority{Issuing: 2}, 0},
	}
}

// title begins the lines of a step.
func (s rotationStep) title() string { return "the next " + s.of.name + " " + s.name }

// config is the step as the stack file has it.
func (s rotationStep) config() func(config map[string]any) error {
	value := map[string]any{"issuing": s.want.Issuing}
	if s.want.Accepted > 0 {
		value["accepted"] = s.want.Accepted
	}
	return clusterKey(s.of.key, value)
}

// rotate gives a cluster that is in use another Talos CA and another Kubernetes CA, step by step.
func rotate(ctx context.Context, r *rehearsal) error {
	kept, err := r.keepCopies()
	if err != nil {
		return err
	}
	c, written, err := r.settled(ctx)
	if err != nil {
		return err
	}
	former, err := keysIn(c.talosconfig)
	if err != nil {
		return err
	}
	if err := r.refused(ctx, "a step of a rotation that was skipped is refused", talosCA.steps()[1].config(), "cannot issue before every machine accepts it"); err != nil {
		return err
	}
	for _, step := range talosCA.steps() {
		err := r.phase("rotate", step.title(), func() error { return r.turnCA(ctx, c, step) })
		if err != nil {
			return err
		}
	}
	err = r.phase("rotate", "looking whom the machines believe now", func() error { return r.turned(ctx, c, former, kept) })
	if err != nil {
		return err
	}
	if err := r.rotateKubernetes(ctx, c, kept); err != nil {
		return err
	}
	err = r.phase("rotate", "another secret of the webhook", func() error { return r.turnWebhook(ctx, c) })
	if err != nil {
		return err
	}
	if err := r.rotateSecrets(ctx, c); err != nil {
		return err
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	r.kept(r.marked(ctx, c, written))
	if err := unmark(ctx, c); err != nil {
		return err
	}
	return r.checked(ctx)
}

// turnCA does one step, with the page's commands. Whoever asks the machines meanwhile does so with the talosconfig of before.
func (r *rehearsal) turnCA(ctx context.Context, c *cluster, step rotationStep) error {
	if err := r.edit(step.config()); err != nil {
		return err
	}
	preview, err := r.cli.Preview(ctx)
	r.foreseen(step, changesOf(preview), err)
	if err != nil {
		return err
	}
	var asked int
	var silent []error
	did, err := r.act(ctx, c, step.title(), func() error {
		watching, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { asked, silent = r.askEveryone(watching, c) })
		err := r.upAsWritten(ctx, upInRotation)
		if err == nil {
			err = within(ctx, comesBack, r.observe)
		}
		stop()
		running.Wait()
		return err
	})
	r.came(did, "up comes to its end", err)
	r.alone(did)
	// For the Kubernetes CA each API server starts anew, and takes along the connections that it has.
	r.answer(did, true, step.of == kubernetesCA)
	r.answered(step, asked, silent)
	if err != nil {
		return err
	}
	if err := errors.Join(r.asWritten(ctx, saveInRotation, "", nil), r.asWritten(ctx, stateInTurn, "", nil)); err != nil {
		return err
	}
	opened, err := r.openCluster(ctx)
	if err == nil {
		*c = *opened
	}
	return err
}

// foreseen is whether a preview tells of the machines, of the authority that is made, and of nothing else that is replaced.
func (r *rehearsal) foreseen(step rotationStep, changes map[apitype.OpType]int, err error) {
	makes := 0
	if step.want.Accepted > step.want.Issuing {
		makes = 1
	}
	if err == nil && (changes[apitype.OpCreate] != makes || changes[apitype.OpUpdate] < len(r.stack.Nodes) || changes[apitype.OpReplace] != step.replaced || changes[apitype.OpDelete] > 0) {
		err = fmt.Errorf("%v; wanted are %d that are made, %d that are replaced, and the %d machines", changes, makes, step.replaced, len(r.stack.Nodes))
	}
	r.addChecked(step.title()+": a preview says so", fmt.Sprintf("%v", changes), err)
}

// askEveryone asks each machine's Talos API, as any operator does.
func (r *rehearsal) askEveryone(ctx context.Context, c *cluster) (asked int, silent []error) {
	before := *c
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, m := range r.rack.nodes {
		asking.Go(func() {
			times, failed := askTalos(ctx, &before, m)
			mu.Lock()
			defer mu.Unlock()
			asked += times
			for _, err := range failed {
				silent = append(silent, fmt.Errorf("%s: %w", m.spec.Name, err))
			}
		})
	}
	asking.Wait()
	return asked, silent
}

// answered is whether nobody who asked the machines noticed a step.
func (r *rehearsal) answered(step rotationStep, asked int, silent []error) {
	r.add(step.title()+": every machine's Talos API answers", asked >= len(r.rack.nodes) && len(silent) == 0,
		fmt.Sprintf("%d of %d questions failed %s", len(silent), asked, detailOf(errors.Join(silent...), "")))
}

// turned looks whom the machines believe when all is done.
func (r *rehearsal) turned(ctx context.Context, c *cluster, former talosKeys, kept copies) error {
	now, err := keysIn(c.talosconfig)
	if err != nil {
		return err
	}
	r.anotherCA(ctx, former, now)
	r.closed(ctx, former, now)
	opened := filepath.Join(r.config.Dir, "opened")
	if err := r.asWritten(ctx, openInRotation, "", map[string]string{"key.txt": kept.identity, "opened": opened}); err != nil {
		return err
	}
	r.copyOpens(ctx, opened)
	return nil
}

// talosKeys are what a talosconfig shows, and whom it believes.
type talosKeys struct {
	shows    tls.Certificate
	believes []byte
}

func keysIn(talosconfig string) (talosKeys, error) {
	config, err := clientconfig.FromString(talosconfig)
	if err != nil {
		return talosKeys{}, err
	}
	current := config.Contexts[config.Context]
	if current == nil {
		return talosKeys{}, fmt.Errorf("talosconfig has no context %q", config.Context)
	}
	var parts [3][]byte
	var errs [3]error
	for i, text := range []string{current.CA, current.Crt, current.Key} {
		parts[i], errs[i] = base64.StdEncoding.DecodeString(text)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return talosKeys{}, fmt.Errorf("talosconfig: %w", err)
	}
	pair, err := tls.X509KeyPair(parts[1], parts[2])
	return talosKeys{shows: pair, believes: parts[0]}, err
}

// greet is nil when a machine's Talos API takes a certificate, and has one of somebody who is believed.
func greet(ctx context.Context, m *machine, shows tls.Certificate, believes []byte) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(believes)
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: roots, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13,
		// Also to those who say that they take none of its kind.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shows, nil },
	}}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(m.spec.Address.String(), strconv.Itoa(constants.ApidPort)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// What the other side thinks of a certificate comes with its first byte.
	_, err = conn.Read(make([]byte, 1))
	return err
}

// each asks all machines, and joins what is wrong with any.
func (r *rehearsal) each(look func(m *machine) error) error {
	var errs []error
	for _, m := range r.rack.nodes {
		if err := look(m); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.spec.Name, err))
		}
	}
	if len(r.rack.nodes) == 0 {
		errs = append(errs, errors.New("there is no machine"))
	}
	return errors.Join(errs...)
}

// anotherCA is whether every machine has a certificate of the new authority, and none of the former.
func (r *rehearsal) anotherCA(ctx context.Context, former, now talosKeys) {
	err := r.each(func(m *machine) error {
		if err := greet(ctx, m, now.shows, now.believes); err != nil {
			return err
		}
		err := greet(ctx, m, now.shows, former.believes)
		if err == nil {
			return errors.New("its certificate is of the former CA")
		}
		if stranger := (x509.UnknownAuthorityError{}); !errors.As(err, &stranger) {
			return err
		}
		return nil
	})
	r.addChecked("the Talos CA is another one, everywhere", fmt.Sprintf("%d machines have certificates of it, and take those of the new talosconfig", len(r.rack.nodes)), err)
}

// refusal is how TLS names a certificate of somebody who is not believed.
const refusal = "unknown certificate authority"

// closed is whether every machine refuses what the former authority has issued.
func (r *rehearsal) closed(ctx context.Context, former, now talosKeys) {
	err := r.each(func(m *machine) error {
		err := greet(ctx, m, former.shows, now.believes)
		if err == nil {
			return errors.New("takes the former talosconfig's certificate")
		}
		if !strings.Contains(err.Error(), refusal) {
			return fmt.Errorf("does not say that it refuses the certificate: %w", err)
		}
		return nil
	})
	r.addChecked("the former Talos CA opens nothing any more", fmt.Sprintf("%d machines refuse the former talosconfig", len(r.rack.nodes)), err)
}

// copyOpens is whether an opened break-glass copy has the keys to the machines: its talosconfig, and its machine secrets.
func (r *rehearsal) copyOpens(ctx context.Context, opened string) {
	err := func() error {
		text, err := os.ReadFile(filepath.Join(opened, "talosconfig"))
		if err != nil {
			return err
		}
		keys, err := keysIn(string(text))
		if err != nil {
			return err
		}
		bundle, err := talossecrets.LoadBundle(filepath.Join(opened, "secrets.yaml"))
		if err != nil {
			return err
		}
		made, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
		if err != nil {
			return err
		}
		another, err := tls.X509KeyPair(made.Crt, made.Key)
		if err != nil {
			return err
		}
		return r.each(func(m *machine) error {
			return errors.Join(greet(ctx, m, keys.shows, keys.believes), greet(ctx, m, another, bundle.Certs.OS.Crt))
		})
	}()
	r.addChecked("the new break-glass copy opens the machines", "its talosconfig, and one that is made with its secrets.yaml", err)
}

// rotatedWebhook is where the webhook's next secret is kept.
const rotatedWebhook = spec.SecretRef("config:rotatedWebhookSecret")

// turnWebhook gives the webhook another secret, where the stack has one: its owner's in place of the one that was generated.
func (r *rehearsal) turnWebhook(ctx context.Context, c *cluster) error {
	if r.world.github == nil || r.stack.Flux.Webhook == nil {
		return nil
	}
	owner, name := r.stack.Flux.OwnerAndName()
	repo := owner + "/" + name
	former := r.world.github.Hooks(repo)
	if len(former) != 1 {
		return fmt.Errorf("GitHub has %d webhooks, not one", len(former))
	}
	value := r.secrets.config(strings.TrimPrefix(string(rotatedWebhook), "config:"))
	if err := r.cli.SetSecret(ctx, spec.Namespace+":"+strings.TrimPrefix(string(rotatedWebhook), "config:"), value); err != nil {
		return err
	}
	err := r.edit(func(config map[string]any) error {
		flux, _ := config["home-ops:flux"].(map[string]any)
		webhook, _ := flux["webhook"].(map[string]any)
		if webhook == nil {
			return errors.New("flux: it has no webhook")
		}
		webhook["secretRef"] = string(rotatedWebhook)
		return nil
	})
	if err != nil {
		return err
	}
	did, err := r.act(ctx, c, "another secret of the webhook", func() error {
		return r.upAsWritten(ctx, upInRotation)
	})
	r.came(did, "up comes to its end", err)
	r.alone(did)
	r.answers(did, true)
	if err != nil {
		return err
	}
	now := r.world.github.Hooks(repo)
	if len(now) != 1 {
		return fmt.Errorf("GitHub has %d webhooks, not one", len(now))
	}
	sha, err := r.world.git.Head(ctx)
	if err != nil {
		return err
	}
	// The receiver looks for another secret each minute.
	taken := within(ctx, reconciled, func(ctx context.Context) error { return r.world.github.Push(ctx, repo, r.stack.Flux.Branch, sha) })
	forged := now[0]
	forged.Secret = former[0].Secret
	r.webhookTurned(former[0].Secret, now[0].Secret, taken, r.world.github.Forge(ctx, repo, r.stack.Flux.Branch, sha, forged))
	return nil
}

// webhookTurned is whether a push that is signed with the new secret is taken, and one with the former is refused.
func (r *rehearsal) webhookTurned(former, now string, taken, forged error) {
	err := taken
	switch {
	case err != nil:
	case former == now || now == "":
		err = errors.New("GitHub signs with the former secret")
	case forged == nil:
		err = errors.New("a push that is signed with the former secret is taken")
	case !strings.Contains(forged.Error(), "answered 4"):
		err = fmt.Errorf("nobody refuses a push that is signed with the former secret: %w", forged)
	}
	r.addChecked("the webhook has another secret", "a push that is signed with it is taken, and one with the former refused", err)
}
