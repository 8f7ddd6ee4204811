package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"filippo.io/age"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/internal/runbook"
	"github.com/home-ops/home-ops/internal/sopsconfig"
	"github.com/home-ops/home-ops/rack/fluxparts"
)

// keyTurn is another age key in place of the former.
type keyTurn struct{ former, next *age.X25519Identity }

// newKeyTurn is nil for a stack without SOPS.
func newKeyTurn(former *age.X25519Identity) (*keyTurn, error) {
	if former == nil {
		return nil, nil
	}
	next, err := age.GenerateX25519Identity()
	return &keyTurn{former, next}, err
}

// sealedFile is the encrypted file that a rehearsal pushes.
var sealedFile = path.Join(path.Dir(echoFile), sealedFileName)

// keysBefore gives the cluster the next key beside the former, once it has opened a file with the former. It is the page's first
// step, but for its update.
func (r *rehearsal) keysBefore(ctx context.Context, c *cluster, keys *keyTurn) error {
	if keys == nil {
		return nil
	}
	if _, err := r.checkSOPS(ctx, c); err != nil {
		return fmt.Errorf("before the age key is another: %w", err)
	}
	r.secrets.values["the next age key"] = keys.next.String()
	return r.put(ctx, r.stack.Secrets.SOPS.KeyRef, keys.former.String()+"\n"+keys.next.String()+"\n")
}

// turnFiles is the page's second step: what is in the repository is for the next key alone.
func (r *rehearsal) turnFiles(ctx context.Context, c *cluster, keys *keyTurn) error {
	if keys == nil {
		return nil
	}
	err := r.edit(func(config map[string]any) error {
		secrets, _ := config["home-ops:secrets"].(map[string]any)
		sops, _ := secrets["sops"].(map[string]any)
		if sops == nil {
			return errors.New("it has no secrets.sops")
		}
		sops["ageRecipients"] = []any{keys.next.Recipient().String()}
		return nil
	})
	if err != nil {
		return err
	}
	before, err := r.world.git.Read(ctx, sealedFile)
	if err != nil {
		return err
	}
	files, err := r.reencrypt(ctx, keys, before)
	if err != nil {
		return err
	}
	sha, err := r.world.git.Commit(ctx, "chore: another age key", files)
	if err != nil {
		return err
	}
	if err := r.tellFlux(ctx, sha); err != nil {
		return err
	}
	applied := r.appliedEcho(ctx, c, func(echo *unstructured.Unstructured) error {
		revision, _, _ := unstructured.NestedString(echo.Object, "status", "lastAppliedRevision")
		if !strings.HasSuffix(revision, sha) {
			return errors.Join(fmt.Errorf("it has applied %s, and not yet %s", revision, sha), notReady(*echo))
		}
		return notReady(*echo)
	})
	_, former := r.decrypt(ctx, keys.former, files[sealedFile])
	opened, next := r.decrypt(ctx, keys.next, files[sealedFile])
	r.filesTurned(applied, next, former, string(opened) != "" && !bytes.Equal(before, files[sealedFile]))
	return applied
}

// filesTurned is whether the files are for the next key alone, and the cluster applies them.
func (r *rehearsal) filesTurned(applied, next, former error, other bool) {
	err := applied
	switch {
	case err != nil:
	case next != nil:
		err = fmt.Errorf("the next age key does not open the file: %w", next)
	case former == nil:
		err = errors.New("the former age key still opens the file")
	case !other:
		err = errors.New("the file is as before")
	}
	r.addChecked("encrypted files are for the next age key alone", "and are applied by a cluster that has both keys", err)
}

// reencrypt runs the page's commands in a copy of what they look at: the project itself is the operator's.
func (r *rehearsal) reencrypt(ctx context.Context, keys *keyTurn, sealed []byte) (map[string][]byte, error) {
	dir := filepath.Join(r.config.Dir, "checkout")
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(sealedFile)), 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is in the folder of the run
	stackFiles, err := filepath.Glob(filepath.Join(r.config.Project, "Pulumi*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range stackFiles {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	rules, err := r.world.git.Read(ctx, sopsconfig.Path)
	if err != nil {
		return nil, err
	}
	both := filepath.Join(dir, "keys.txt")
	for file, text := range map[string][]byte{
		filepath.Join(dir, sopsconfig.Path): rules, filepath.Join(dir, sealedFile): sealed,
		both: []byte(keys.former.String() + "\n" + keys.next.String() + "\n"),
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, err
		}
	}
	if err := r.homeopsInAsWritten(ctx, writeRules, dir); err != nil {
		return nil, err
	}
	if err := r.shellAsWritten(ctx, updateKeys, dir, "SOPS_AGE_KEY_FILE="+both); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range []string{sopsconfig.Path, sealedFile} {
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// homeopsInAsWritten runs a page's command of homeops in another folder than the project.
func (r *rehearsal) homeopsInAsWritten(ctx context.Context, w pageCommand, dir string) error {
	words, err := r.words(w, nil)
	if err != nil {
		return err
	}
	return typedIn(ctx, dir, append([]string{r.config.Homeops}, words[1:]...))
}

// shellAsWritten runs a page's line in a shell that finds sops, and has more in its environment.
func (r *rehearsal) shellAsWritten(ctx context.Context, w pageCommand, dir string, env ...string) error {
	found, err := runbook.Find(os.DirFS(r.config.Project), w.page, w.text)
	if err != nil {
		return err
	}
	return typedIn(ctx, dir, []string{"sh", "-c", found.Script}, append(env, "PATH="+r.config.Flux.Bin+string(os.PathListSeparator)+os.Getenv("PATH"))...)
}

// typedIn runs a command in a folder.
func typedIn(ctx context.Context, dir string, words []string, env ...string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// decrypt opens a file with one key, and no other.
func (r *rehearsal) decrypt(ctx context.Context, with *age.X25519Identity, file []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.config.Flux.Bin, fluxparts.Sops), "decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin")
	cmd.Dir, cmd.Stdin = "/", bytes.NewReader(file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.config.Dir, "SOPS_AGE_KEY=" + with.String()}
	return cmd.Output()
}

// keysAfter is the page's third step, but for its update: the cluster has the next key alone.
func (r *rehearsal) keysAfter(ctx context.Context, keys *keyTurn) error {
	if keys == nil {
		return nil
	}
	ref := r.stack.Secrets.SOPS.KeyRef
	r.secrets.values["the former age key"], r.secrets.values[ref] = r.secrets.values[ref], keys.next.String()
	r.secrets.age = keys.next
	return r.put(ctx, ref, keys.next.String()+"\n")
}

// formerKeyEnds pushes a file for the former key, which the cluster must not be able to open, and takes it back.
func (r *rehearsal) formerKeyEnds(ctx context.Context, c *cluster, keys *keyTurn) error {
	if keys == nil {
		return nil
	}
	good, err := r.world.git.Read(ctx, sealedFile)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	if err := r.seal(ctx, keys.former.Recipient().String(), ownSecret(), files); err != nil {
		return err
	}
	sha, err := r.world.git.Commit(ctx, "feat(echo): a file for the former age key", files)
	if err != nil {
		return err
	}
	if err := r.tellFlux(ctx, sha); err != nil {
		return err
	}
	said := ""
	err = r.appliedEcho(ctx, c, func(echo *unstructured.Unstructured) error {
		unready := notReady(*echo)
		if unready == nil || !strings.Contains(unready.Error(), noDataKey) {
			return errors.Join(errors.New("its Kustomization does not say that it cannot open the file"), unready)
		}
		said = unready.Error()
		return nil
	})
	r.formerKeyEnded(said, err)
	if sha, err = r.world.git.Commit(ctx, "revert: a file for the former age key", map[string][]byte{sealedFile: good}); err != nil {
		return err
	}
	if err := r.tellFlux(ctx, sha); err != nil {
		return err
	}
	return r.appliedEcho(ctx, c, func(echo *unstructured.Unstructured) error { return notReady(*echo) })
}

// noDataKey is how SOPS says that none of its keys opens a file.
const noDataKey = "data key"

func (r *rehearsal) formerKeyEnded(said string, err error) {
	r.addChecked("the cluster cannot open what is for the former age key", said, err)
}

// tellFlux announces a commit, and does so again while the receiver is away, as an owner does at GitHub.
func (r *rehearsal) tellFlux(ctx context.Context, sha string) error {
	return within(ctx, reconciled, func(ctx context.Context) error {
		_, err := r.announce(ctx, sha)
		return err
	})
}

// appliedEcho waits for something of the sample app's Kustomization.
func (r *rehearsal) appliedEcho(ctx context.Context, c *cluster, is func(echo *unstructured.Unstructured) error) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	return within(ctx, reconciled, func(ctx context.Context) error {
		echo, err := client.Resource(kustomizations).Namespace("flux-system").Get(ctx, echoName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return is(echo)
	})
}
