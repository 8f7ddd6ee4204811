package breakglass

import (
	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"

	"github.com/home-ops/home-ops/cmd/homeops/keep"
	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/spec"
)

// accounts is the namespace of the keys of ACME accounts: cert-manager keeps those of a ClusterIssuer in its own.
const accounts = "cert-manager"

// Lacks names what a stack's cluster comes to have after its first update, and a copy does not hold: certificates, the key of
// the ACME account, and, where a vault has them, the passwords of backups. What is named is missing in the cluster, too.
func Lacks(stack *spec.Stack, c keep.Copy) ([]string, error) {
	steps, err := edge.Plan(stack)
	if err != nil {
		return nil, err
	}
	var lacks []string
	want := func(what, namespace, name string) {
		if _, there := c.Files[fileOf(Certificates, namespace, name)]; !there {
			lacks = append(lacks, what+" (Secret "+namespace+"/"+name+")")
		}
	}
	for _, step := range steps {
		switch o := step.Object.(type) {
		case *certmanagerv1.Certificate:
			want("the certificate "+o.Name, o.Namespace, o.Spec.SecretName)
		case *certmanagerv1.ClusterIssuer:
			if o.Spec.ACME != nil {
				want("the ACME account's key", accounts, o.Spec.ACME.PrivateKey.Name)
			}
		}
	}
	if stack.Secrets.OnePassword != nil && !has(c, Backups) {
		lacks = append(lacks, "the password of any backup")
	}
	return lacks, nil
}
