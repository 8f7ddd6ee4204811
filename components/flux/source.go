package flux

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux/hostkeys"
	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/internal/derive"
)

// deployKeyLabel is what Flux's ssh key is derived by. Another label is another key.
const deployKeyLabel = "flux/deploy-key"

// source is how Flux opens the repository.
type source struct {
	// ready is what must be there before Flux tries.
	ready []pulumi.Resource
	// publicKey is empty with https.
	publicKey pulumi.StringOutput
}

func (b *builder) source(namespace pulumi.Resource, atGitHub *gitHub) (*source, error) {
	s := &source{publicKey: pulumi.String("").ToStringOutput()}
	called := objects.PullSecret(b.args.Stack)
	if called == "" {
		return s, nil
	}
	if !b.args.Stack.Flux.SSH() {
		// Flux takes any name beside a token
		// (https://fluxcd.io/flux/components/source/gitrepositories/#basic-access-authentication).
		secret, err := b.secret("git", called, map[string]string{"username": "git"},
			map[string]pulumi.StringInput{"password": b.args.Token}, namespace)
		s.ready = []pulumi.Resource{secret}
		return s, err
	}

	key := b.args.PrivateKey
	if key == nil {
		key = derive.SSHKey(b.args.Seed, deployKeyLabel)
	}
	secret, err := b.secret("git", called, map[string]string{"known_hosts": hostkeys.For(b.args.Stack.Flux)},
		map[string]pulumi.StringInput{"identity": key}, namespace)
	if err != nil {
		return nil, err
	}
	public := key.ToStringOutput().ApplyT(derive.AuthorizedKey).(pulumi.StringOutput)
	s.publicKey = pulumi.Unsecret(public).(pulumi.StringOutput)
	registered, err := atGitHub.deployKey(s.publicKey)
	s.ready = append(registered, secret)
	return s, err
}
