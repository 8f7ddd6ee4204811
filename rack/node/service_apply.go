package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configdiff"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What ApplyConfiguration says it did, in machined's words.
const (
	appliedWithReboot    = "Applied configuration with a reboot"
	appliedWithoutReboot = "Applied configuration without a reboot"
	appliedStaged        = "Staged configuration to be applied after the next reboot"
)

// ApplyConfiguration takes a new config, now or at the next boot.
func (m *machineService) ApplyConfiguration(ctx context.Context, req *machineapi.ApplyConfigurationRequest) (*machineapi.ApplyConfigurationResponse, error) {
	s := m.session
	if req.GetMode() != machineapi.ApplyConfigurationRequest_TRY {
		s.stopRollback()
	}
	cfg, warnings, err := s.validate(ctx, req.GetData())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	mode, details, why, err := s.resolveMode(req.GetMode(), cfg)
	if err != nil {
		return nil, err
	}
	result := &machineapi.ApplyConfiguration{Mode: mode, Warnings: warnings, ModeDetails: details + why}
	if req.GetDryRun() {
		diff, err := configdiff.DiffConfigs(s.config(), cfg)
		if err != nil {
			return nil, fmt.Errorf("failed to generate diff: %w", err)
		}
		if diff == "" {
			diff = "No changes."
		}
		result.Warnings = nil
		result.ModeDetails = fmt.Sprintf("Dry run summary:\n%s (skipped in dry-run).\nConfig diff:\n\n%s", details, diff)
		return &machineapi.ApplyConfigurationResponse{Messages: []*machineapi.ApplyConfiguration{result}}, nil
	}
	s.log.Info("apply config request", "mode", mode.String())
	if mode == machineapi.ApplyConfigurationRequest_TRY {
		timeout := constants.ConfigTryTimeout
		if req.GetTryModeTimeout() != nil {
			timeout = req.GetTryModeTimeout().AsDuration()
		}
		result.ModeDetails += fmt.Sprintf("\nThe config is applied in 'try' mode and will be automatically reverted back in %s", timeout)
		s.rollbackAfter(timeout, s.config())
		err = s.reactivate(ctx, cfg)
	} else {
		err = s.keep(ctx, mode, cfg)
	}
	if err != nil {
		return nil, err
	}
	return &machineapi.ApplyConfigurationResponse{Messages: []*machineapi.ApplyConfiguration{result}}, nil
}

// validate parses a config and checks it as an installed machine does.
func (s *session) validate(ctx context.Context, data []byte) (config.Provider, []string, error) {
	cfg, err := s.parse(data)
	if err != nil {
		return nil, nil, err
	}
	if cfg.RawV1Alpha1() == nil {
		return nil, nil, errNoV1Alpha1
	}
	warnings, err := validateFor(cfg, installedMetal{})
	if err != nil {
		return nil, nil, err
	}
	more, err := s.validateHere(ctx, cfg, installedMetal{})
	return cfg, slices.Concat(warnings, more), err
}

// validateFor is Talos's own check of a config without a look at the machine. The versions of Kubernetes are left
// out of it: the library would hold them against its own release of Talos; see supportedKubernetes.
func validateFor(cfg config.Provider, mode validation.RuntimeMode) ([]string, error) {
	return cfg.Validate(mode, validation.WithLocal())
}

// errNoRebootMode is what releases say that never reboot for a config.
var errNoRebootMode = status.Error(codes.Unimplemented, "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead")

// resolveMode decides how a config is applied, and says so.
func (s *session) resolveMode(mode machineapi.ApplyConfigurationRequest_Mode, next config.Provider) (resolved machineapi.ApplyConfigurationRequest_Mode, details, why string, err error) {
	if !TakesAllLive(s.version()) {
		resolved, details, why, err = modeByContent(mode, s.config(), next)
		if err != nil {
			err = status.Error(codes.InvalidArgument, err.Error())
		}
		return resolved, details, why, err
	}
	switch mode {
	case machineapi.ApplyConfigurationRequest_REBOOT:
		return mode, "", "", errNoRebootMode
	case machineapi.ApplyConfigurationRequest_AUTO:
		return machineapi.ApplyConfigurationRequest_NO_REBOOT, appliedWithoutReboot, "", nil
	case machineapi.ApplyConfigurationRequest_NO_REBOOT, machineapi.ApplyConfigurationRequest_TRY:
		return mode, appliedWithoutReboot, "", nil
	case machineapi.ApplyConfigurationRequest_STAGED:
		return mode, appliedStaged, "", nil
	}
	return mode, "", "", status.Errorf(codes.InvalidArgument, "incorrect mode '%s' specified for the apply config call", mode)
}

// modeByContent decides it as releases before v1.14 do: by what the config changes.
func modeByContent(mode machineapi.ApplyConfigurationRequest_Mode, current, next config.Provider) (resolved machineapi.ApplyConfigurationRequest_Mode, details, why string, err error) {
	if _, known := machineapi.ApplyConfigurationRequest_Mode_name[int32(mode)]; !known {
		return mode, "", "", fmt.Errorf("incorrect mode '%s' specified for the apply config call", mode)
	}
	switch mode {
	case machineapi.ApplyConfigurationRequest_REBOOT:
		return mode, appliedWithReboot, "", nil
	case machineapi.ApplyConfigurationRequest_STAGED:
		return mode, appliedStaged, "", nil
	}
	why, err = needsReboot(current, next)
	switch {
	case err != nil:
		return mode, "", "", err
	case why == "" && mode == machineapi.ApplyConfigurationRequest_AUTO:
		return machineapi.ApplyConfigurationRequest_NO_REBOOT, appliedWithoutReboot, "", nil
	case why == "":
		return mode, appliedWithoutReboot, "", nil
	case mode == machineapi.ApplyConfigurationRequest_AUTO:
		return machineapi.ApplyConfigurationRequest_REBOOT, appliedWithReboot, ": " + why, nil
	}
	return mode, "", "", errors.New(why)
}

// keep writes a config to STATE, and puts it into effect as the mode says.
func (s *session) keep(ctx context.Context, mode machineapi.ApplyConfigurationRequest_Mode, cfg config.Provider) error {
	if err := s.persist(cfg); err != nil {
		return err
	}
	if err := s.publishConfig(ctx, configres.PersistentID, cfg); err != nil {
		return err
	}
	switch mode {
	case machineapi.ApplyConfigurationRequest_NO_REBOOT:
		return s.reactivate(ctx, cfg)
	case machineapi.ApplyConfigurationRequest_REBOOT:
		s.request(s.rebootSequence(""))
	}
	return nil
}
