package rehearsal

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
)

// issued is a certificate that ends after some time, and its key, in PEM.
func issued(b *broken, ends time.Duration) (certificate, key []byte) {
	b.t.Helper()
	ca, err := talosx509.NewSelfSignedCertificateAuthority(talosx509.ECDSA(true))
	if err != nil {
		b.t.Fatal(err)
	}
	pair, err := talosx509.NewKeyPair(ca, talosx509.NotBefore(time.Now().Add(ends-offFor)), talosx509.NotAfter(time.Now().Add(ends)),
		talosx509.IPAddresses([]net.IP{net.IPv4(127, 0, 0, 1)}))
	if err != nil {
		b.t.Fatal(err)
	}
	return pair.CrtPEM, pair.KeyPEM
}

// served has the gateways serve a certificate.
func served(b *broken, certificate, key []byte) {
	text := base64.StdEncoding.EncodeToString
	b.api["/api/v1/namespaces/network/secrets/gateways-tls"] = fmt.Sprintf(
		"{kind: Secret, apiVersion: v1, metadata: {name: gateways-tls, namespace: network}, data: {tls.crt: %s, tls.key: %s}}", text(certificate), text(key))
}

// handed has the program hand out certificates that end after some time.
func handed(b *broken, talosconfig, kubeconfig time.Duration) {
	text := base64.StdEncoding.EncodeToString
	certificate, key := issued(b, talosconfig)
	b.cluster.talosconfig = fmt.Sprintf("context: home\ncontexts: {home: {crt: %s, key: %s}}\n", text(certificate), text(key))
	b.cluster.rest.CertData, _ = issued(b, kubeconfig)
}

const doctorSaysEnded = `echo "problem  talosconfig  ended on 2025-10-01"
echo "  -> pulumi up --stack home"
echo "problem  kubeconfig  ended on 2025-10-01"
echo "  -> pulumi up --stack home"
exit 1`

// looksAtEnded has a doctor that knows what has ended, and a pulumi that would make it anew, where nothing was broken.
func looksAtEnded(ctx context.Context, b *broken) {
	if b.config.Homeops == "" {
		b.config.Homeops = b.program("homeops", doctorSaysEnded)
	}
	if b.cli == nil {
		b.pulumi("", summary(`"update": 7, "same": 80`))
	}
	b.config.Project = b.t.TempDir()
	b.ended(ctx)
}

// redYearOff are lines about certificates that have ended.
var redYearOff = []red{
	{
		line: "homeops doctor says which certificates have ended", fault: "it says one of them alone", want: "does not say that the kubeconfig has ended",
		whole: func(*broken) {},
		damage: func(b *broken) {
			b.config.Homeops = b.program("homeops", `echo "problem  talosconfig  ended on 2025-10-01, pulumi up"; exit 1`)
		}, do: looksAtEnded,
	},
	{
		line: "homeops doctor says which certificates have ended", fault: "it names no way on", want: "does not say that the talosconfig has ended",
		damage: func(b *broken) {
			b.config.Homeops = b.program("homeops", `echo "talosconfig ended on 2025-10-01"; echo "look at its power"; exit 1`)
		}, do: looksAtEnded,
	},
	{
		line: "homeops doctor says which certificates have ended", fault: "it is content", want: "ends with 0",
		damage: func(b *broken) { b.config.Homeops = b.program("homeops", "exit 0") }, do: looksAtEnded,
	},
	{
		line: "a preview says that they will be made anew", fault: "it would replace something", want: "replace: 1",
		whole: func(*broken) {}, damage: func(b *broken) { b.pulumi("", summary(`"update": 7, "replace": 1`)) }, do: looksAtEnded,
	},
	{
		line: "a preview says that they will be made anew", fault: "it finds nothing to do", want: "nothing is made anew",
		damage: func(b *broken) { b.pulumi("", summary(`"same": 80`)) }, do: looksAtEnded,
	},
	{
		line: "a preview says that they will be made anew", fault: "it fails", want: "expired certificate",
		damage: func(b *broken) { b.pulumiFails("tls: expired certificate") }, do: looksAtEnded,
	},
	{
		line: "up makes anew what has ended, and nothing else", fault: "it makes something", want: "create: 2",
		whole: func(b *broken) { b.pulumi("", summary(`"update": 7, "same": 80`)) }, damage: func(b *broken) { b.pulumi("", summary(`"update": 7, "create": 2`)) },
		do: func(ctx context.Context, b *broken) { _ = b.makeAnew(ctx) },
	},
	{
		line: "talosconfig and kubeconfig are good for most of a year", fault: "the talosconfig is the former", want: "ends on",
		whole:  func(b *broken) { handed(b, 360*24*time.Hour, 360*24*time.Hour) },
		damage: func(b *broken) { handed(b, -time.Hour, 360*24*time.Hour) },
		do:     func(_ context.Context, b *broken) { b.handedOut(b.cluster) },
	},
	{
		line: "talosconfig and kubeconfig are good for most of a year", fault: "the kubeconfig is", want: "ends on",
		damage: func(b *broken) { handed(b, 360*24*time.Hour, 20*24*time.Hour) },
		do:     func(_ context.Context, b *broken) { b.handedOut(b.cluster) },
	},
	{
		line: "the gateways' certificate is renewed", fault: "it is the former", want: "it is the one that has ended",
		whole: func(b *broken) {
			certificate, key := issued(b, 80*24*time.Hour)
			served(b, certificate, key)
		},
		damage: func(b *broken) { served(b, []byte("former"), []byte("key")) },
		do:     func(ctx context.Context, b *broken) { b.renewedGateways(ctx, b.cluster, []byte("former")) },
	},
	{
		line: "the gateways' certificate is renewed", fault: "it is another that has ended", want: "ends on",
		damage: func(b *broken) {
			certificate, key := issued(b, -time.Hour)
			served(b, certificate, key)
		},
		do: func(ctx context.Context, b *broken) { b.renewedGateways(ctx, b.cluster, []byte("former")) },
	},
}
