package rehearsal

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	talosx509 "github.com/siderolabs/crypto/x509"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	talosspec "github.com/siderolabs/talos/pkg/machinery/config"
	talossecrets "github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// twoCAs are the machine secrets of before and after a rotation.
var twoCAs = sync.OnceValues(func() (former, now *talossecrets.Bundle) {
	drawn := func() *talossecrets.Bundle {
		bundle, err := talossecrets.NewBundle(talossecrets.NewClock(), talosspec.TalosVersion1_11)
		if err != nil {
			panic(err)
		}
		return bundle
	}
	return drawn(), drawn()
})

// rotatedMachines counts the machines of these tests, which run at the same time, each at an address of its own.
var rotatedMachines atomic.Uint32

// apid answers as a machine does whose certificate is of one CA, and that takes certificates of some.
func (b *broken) apid(of *talossecrets.Bundle, takes ...*talossecrets.Bundle) {
	b.t.Helper()
	address := netip.AddrFrom4([4]byte{127, 0, 10, byte(rotatedMachines.Add(1))})
	authority, err := talosx509.NewCertificateAuthorityFromCertificateAndKey(of.Certs.OS)
	if err != nil {
		b.t.Fatal(err)
	}
	own, err := talosx509.NewKeyPair(authority, talosx509.IPAddresses([]net.IP{address.AsSlice()}),
		talosx509.NotAfter(time.Now().Add(time.Hour)))
	if err != nil {
		b.t.Fatal(err)
	}
	callers := stdx509.NewCertPool()
	for _, bundle := range takes {
		callers.AppendCertsFromPEM(bundle.Certs.OS.Crt)
	}
	l, err := tls.Listen("tcp", address.String()+":50000", &tls.Config{
		Certificates: []tls.Certificate{*own.Certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: callers,
		NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = l.Close() })
	b.end = func() { _ = l.Close() }
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Write([]byte{0}) // the handshake comes first
				_ = conn.Close()
			}()
		}
	}()
	b.rack.nodes = []*machine{{spec: spec.Node{Name: "cp-1", Role: spec.RoleControlPlane, Address: address}}}
}

// admin are an administrator's keys.
func (b *broken) admin(of *talossecrets.Bundle) talosKeys {
	b.t.Helper()
	keys, err := keysIn(string(b.talosconfigOf(of)))
	if err != nil {
		b.t.Fatal(err)
	}
	return keys
}

func (b *broken) talosconfigOf(of *talossecrets.Bundle) []byte {
	b.t.Helper()
	made, err := of.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		b.t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	raw, err := (&clientconfig.Config{Context: "home", Contexts: map[string]*clientconfig.Context{
		"home": {CA: text(of.Certs.OS.Crt), Crt: text(made.Crt), Key: text(made.Key)},
	}}).Bytes()
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// opened is an opened break-glass copy.
func (b *broken) opened(talosconfig, machineSecrets *talossecrets.Bundle) {
	b.t.Helper()
	dir := filepath.Join(b.config.Dir, "opened")
	raw, err := yaml.Marshal(machineSecrets)
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "talosconfig"), b.talosconfigOf(talosconfig), 0o600),
			os.WriteFile(filepath.Join(dir, "secrets.yaml"), raw, 0o600))
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func opensTheCopy(ctx context.Context, b *broken) {
	b.copyOpens(ctx, filepath.Join(b.config.Dir, "opened"))
}

func looksForAnother(ctx context.Context, b *broken) {
	former, now := twoCAs()
	b.anotherCA(ctx, b.admin(former), b.admin(now))
}

func looksForTheFormer(ctx context.Context, b *broken) {
	former, now := twoCAs()
	b.closed(ctx, b.admin(former), b.admin(now))
}

// turnedWell is a machine after a rotation.
func turnedWell(b *broken) {
	_, now := twoCAs()
	b.apid(now, now)
}

// instead has the machine answer otherwise.
func instead(with func(b *broken, former, now *talossecrets.Bundle)) func(*broken) {
	return func(b *broken) {
		if b.end != nil {
			b.end()
		}
		former, now := twoCAs()
		with(b, former, now)
	}
}

var accepting = talosCA.steps()[0]

func previews(changes map[apitype.OpType]int) func(context.Context, *broken) {
	return func(_ context.Context, b *broken) { b.foreseen(accepting, changes, nil) }
}

// redRotate are lines about a rotation.
var redRotate = []red{
	{
		line: "the Talos CA is another one, everywhere", fault: "a machine shows a certificate of the former", want: "certificate signed by unknown authority",
		whole: turnedWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apid(former, now) }), do: looksForAnother,
	},
	{
		line: "the Talos CA is another one, everywhere", fault: "a machine does not take the new talosconfig", want: refusal,
		whole: turnedWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apid(now, former) }), do: looksForAnother,
	},
	{
		line: "the Talos CA is another one, everywhere", fault: "it is the same", want: "its certificate is of the former CA",
		damage: turnedWell,
		do: func(ctx context.Context, b *broken) {
			_, now := twoCAs()
			b.anotherCA(ctx, b.admin(now), b.admin(now))
		},
	},
	{
		line: "the former Talos CA opens nothing any more", fault: "a machine still takes it", want: "takes the former talosconfig's certificate",
		whole: turnedWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apid(now, now, former) }), do: looksForTheFormer,
	},
	{
		line: "the former Talos CA opens nothing any more", fault: "nobody answers", want: "connection refused",
		damage: instead(func(b *broken, _, now *talossecrets.Bundle) { b.apid(now, now); b.end() }), do: looksForTheFormer,
	},
	{
		line: "the former Talos CA opens nothing any more", fault: "there is no machine", want: "there is no machine",
		damage: func(*broken) {}, do: looksForTheFormer,
	},
	{
		line: "the new break-glass copy opens the machines", fault: "its machine secrets are the former", want: "certificate signed by unknown authority",
		whole: func(b *broken) {
			turnedWell(b)
			_, now := twoCAs()
			b.opened(now, now)
		},
		damage: func(b *broken) {
			former, now := twoCAs()
			b.opened(now, former)
		},
		do: opensTheCopy,
	},
	{
		line: "the new break-glass copy opens the machines", fault: "its talosconfig is the former", want: "certificate signed by unknown authority",
		damage: func(b *broken) {
			turnedWell(b)
			former, now := twoCAs()
			b.opened(former, now)
		},
		do: opensTheCopy,
	},
	{
		line: "the next Talos CA accepted: every machine's Talos API answers", fault: "it does not once", want: "1 of 100 questions failed silence",
		whole:  func(b *broken) { b.answered(accepting, 100, nil) },
		damage: func(b *broken) { b.report.Checks = nil; b.answered(accepting, 100, []error{errors.New("silence")}) },
		do:     func(context.Context, *broken) {},
	},
	{
		line: "the next Talos CA accepted: every machine's Talos API answers", fault: "hardly anybody asked", want: "0 of 0 questions",
		damage: func(b *broken) { turnedWell(b); b.answered(accepting, 0, nil) },
		do:     func(context.Context, *broken) {},
	},
	{
		line: "the next Talos CA accepted: a preview says so", fault: "no authority is made", want: "wanted are 1 that are made",
		whole: func(b *broken) {
			b.foreseen(accepting, map[apitype.OpType]int{apitype.OpCreate: 1, apitype.OpUpdate: 6}, nil)
		},
		damage: func(b *broken) {
			b.report.Checks = nil
			b.foreseen(accepting, map[apitype.OpType]int{apitype.OpUpdate: 6}, nil)
		},
		do: func(context.Context, *broken) {},
	},
	{
		line: "the next Talos CA accepted: a preview says so", fault: "machines are left out", want: "and the 5 machines",
		damage: func(*broken) {}, do: previews(map[apitype.OpType]int{apitype.OpCreate: 1, apitype.OpUpdate: 4}),
	},
	{
		line: "the next Talos CA accepted: a preview says so", fault: "something would be replaced", want: "replace:1",
		damage: func(*broken) {}, do: previews(map[apitype.OpType]int{apitype.OpCreate: 1, apitype.OpUpdate: 6, apitype.OpReplace: 1}),
	},
	webhooks("a push is not taken", "answered 502", "former", "now", errors.New("webhook push to https://flux: answered 502"), errRefusedPush),
	webhooks("it has the same secret", "GitHub signs with the former secret", "former", "former", nil, errRefusedPush),
	webhooks("the former is still taken", "signed with the former secret is taken", "former", "now", nil, nil),
	webhooks("nobody answers a forger", "nobody refuses a push", "former", "now", nil, errors.New("webhook push: connection refused")),
}

var errRefusedPush = errors.New("webhook push to https://flux: answered 400: unable to validate signature")

// webhooks are the line about the webhook's secret: whole by a good one, red by this.
func webhooks(fault, want, former, now string, taken, forged error) red {
	return red{
		line: "the webhook has another secret", fault: fault, want: want,
		whole: func(b *broken) { b.webhookTurned("former", "now", nil, errRefusedPush) },
		damage: func(b *broken) {
			b.report.Checks = nil
			b.webhookTurned(former, now, taken, forged)
		},
		do: func(context.Context, *broken) {},
	}
}
