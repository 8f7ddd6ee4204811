package golang

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// GetProgramDependencies lists the modules that the program requires. A module that is replaced has no version of
// its own any more.
func (h *Host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	_, file, err := h.loadModFile(ctx, req.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, fmt.Errorf("load go.mod: %w", err)
	}
	replaced := map[string]bool{}
	for _, replacement := range file.Replace {
		replaced[strings.TrimRight(replacement.Old.Path, "/")] = true
	}

	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, required := range file.Require {
		if required.Indirect && !req.GetTransitiveDependencies() {
			continue
		}
		version := required.Mod.Version
		if replaced[strings.TrimRight(required.Mod.Path, "/")] {
			version = ""
		}
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: required.Mod.Path, Version: version})
	}
	return response, nil
}

// InstallDependencies tidies the program's go.mod, as `pulumi install` asks for.
func (h *Host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, req.GetIsTerminal())
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()

	compiler, err := goCommand()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(stdout, "Installing dependencies...\n\n")
	command := exec.CommandContext(stream.Context(), compiler, "mod", "tidy", "-compat=1.18")
	command.Dir = req.GetInfo().GetProgramDirectory()
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("`go mod tidy` failed to install dependencies: %w", err)
	}
	_, _ = fmt.Fprint(stdout, "Finished installing dependencies\n\n")
	return closer.Close()
}
