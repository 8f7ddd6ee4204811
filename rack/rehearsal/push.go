package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/gitops"
)

// pushed is a commit that is there for Flux to find.
type pushed struct {
	began time.Time
	// how says how Flux hears of it.
	how string
	// mark is what the sample app is to have, and sealed the content of an encrypted Secret beside it, where the stack has SOPS.
	mark, sealed string
	// sealErr is why there is no such Secret.
	sealErr error
}

// push makes one commit for both checks that want one: without a webhook Flux looks for one every few minutes.
func (r *rehearsal) push(ctx context.Context) (*pushed, error) {
	p := &pushed{mark: fmt.Sprint(time.Now().Unix())}
	before, err := r.world.git.Read(ctx, echoFile)
	if err != nil {
		return nil, err
	}
	marked, err := withMark(before, p.mark)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{echoFile: marked}
	if r.secrets.age != nil {
		p.sealed = ownSecret()
		p.sealErr = r.seal(ctx, r.secrets.age.Recipient().String(), p.sealed, files)
	}
	p.began = time.Now()
	sha, err := r.world.git.Commit(ctx, "feat(echo): a mark of the rehearsal", files)
	if err != nil {
		return nil, err
	}
	if p.how, err = r.announce(ctx, sha); err != nil {
		return nil, err
	}
	r.pushed = p
	return p, nil
}

// formerMark is the line of an earlier push.
var formerMark = regexp.MustCompile(`(?m)^    ` + echoMark + `: .*\n`)

// withMark gives the sample app's file a mark, in place of the one that it may have.
func withMark(file []byte, mark string) ([]byte, error) {
	const annotations = "\n  annotations:\n"
	text := formerMark.ReplaceAllString(string(file), "")
	if strings.Count(text, annotations) != 1 {
		return nil, fmt.Errorf("%s has no annotations to add one to", echoFile)
	}
	return []byte(strings.Replace(text, annotations, annotations+"    "+echoMark+": \""+mark+"\"\n", 1)), nil
}

// The encrypted Secret of a rehearsal.
const sealedName, sealedKey, sealedFileName = "rehearsal-sops", "text", "secret.sops.yaml"

// seal adds a Secret that is encrypted for a recipient to the files of a commit.
func (r *rehearsal) seal(ctx context.Context, recipient, value string, files map[string][]byte) error {
	plain, err := yaml.Marshal(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: sealedName, Namespace: echoNamespace},
		StringData: map[string]string{sealedKey: value},
	})
	if err != nil {
		return err
	}
	sealed, err := gitops.Encrypt(ctx, filepath.Join(r.config.Flux.Bin, fluxparts.Sops), recipient, plain)
	if err != nil {
		return err
	}
	if strings.Contains(string(sealed), value) {
		return errors.New("sops left it in plain text")
	}
	folder := path.Dir(echoFile)
	list := path.Join(folder, "kustomization.yaml")
	listing, err := r.world.git.Read(ctx, list)
	if err != nil {
		return err
	}
	const resources, file = "\nresources:\n", sealedFileName
	if strings.Count(string(listing), resources) != 1 {
		return fmt.Errorf("%s lists no resources", list)
	}
	files[path.Join(folder, file)] = sealed
	if !strings.Contains(string(listing), file) {
		files[list] = []byte(strings.Replace(string(listing), resources, resources+"  - ./"+file+"\n", 1))
	}
	return nil
}
