package programs

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenSeconds is longer than any rehearsal; nobody renews the token, as a kubelet would.
const tokenSeconds = int64(24 * 60 * 60)

// kubeconfig speaks for a service account, with a token as its pods get: what the account may not do, the program
// cannot do. It believes the API server as they do, by the file authority.
func (p *player) kubeconfig(ctx context.Context, account, authority string) ([]byte, error) {
	seconds := tokenSeconds
	token, err := p.client.CoreV1().ServiceAccounts(p.opts.Namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	const name = "room"
	return clientcmd.Write(clientcmdapi.Config{
		Clusters:  map[string]*clientcmdapi.Cluster{name: {Server: p.config.Host, CertificateAuthority: authority}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{account: {Token: token.Status.Token}},
		Contexts:  map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: account, Namespace: p.opts.Namespace}}, CurrentContext: name,
	})
}
