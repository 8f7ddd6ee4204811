package gitops

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
)

// Encrypt encrypts the data of a Secret, as YAML, for an age recipient with the sops program.
func Encrypt(ctx context.Context, sops, recipient string, manifest []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, sops, "encrypt", "--age", recipient, "--encrypted-regex", "^(data|stringData)$",
		"--filename-override", "secret.yaml", "/dev/stdin")
	cmd.Dir = "/" // in a project it would look for rules in a .sops.yaml
	cmd.Stdin = bytes.NewReader(manifest)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("sops: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}
