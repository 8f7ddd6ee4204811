package talos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
)

// stagedIfNeedingReboot asks the node, during the preview too, whether the configuration needs a reboot.
const stagedIfNeedingReboot = "staged_if_needing_reboot"

// configurationApply is talos:machine/configurationApply:ConfigurationApply: a machine configuration on a node.
func configurationApply() resourceType {
	no, yes := resource.NewBoolProperty(false), resource.NewBoolProperty(true)
	return resourceType{
		attributes: object(map[resource.PropertyKey]shape{
			"id":                        text().isComputed().isStable(),
			"applyMode":                 text().defaultsTo(resource.NewStringProperty("auto")),
			"resolvedApplyMode":         text().isComputed(),
			"node":                      text().isRequired(),
			"endpoint":                  text().isComputed(),
			"clientConfiguration":       clientConfiguration().isRequired(),
			"machineConfigurationInput": text().isRequired().isSecret(),
			"machineConfiguration":      text().isComputed().isSecret(),
			"configPatches":             list(text()),
			"onDestroy": object(map[resource.PropertyKey]shape{
				"reset": flag().defaultsTo(no), "graceful": flag().defaultsTo(yes), "reboot": flag().defaultsTo(no),
			}),
			"timeouts": timeouts("create", "update", "delete"),
		}),
		validate: validateApply,
		plan:     planApply,
		create: func(ctx context.Context, planned resource.PropertyMap) (resource.PropertyMap, error) {
			return applyConfiguration(ctx, planned, "create")
		},
		update: func(ctx context.Context, planned, _ resource.PropertyMap) (resource.PropertyMap, error) {
			return applyConfiguration(ctx, planned, "update")
		},
		delete: resetOnDestroy,
	}
}

func validateApply(inputs resource.PropertyMap) []problem {
	modes := []string{"auto", "reboot", "no_reboot", "staged", stagedIfNeedingReboot}
	if mode := textAt(inputs, "applyMode"); mode != "" && !slices.Contains(modes, mode) {
		return []problem{{"applyMode", fmt.Sprintf("value must be one of: %q, got: %q", modes, mode)}}
	}
	return nil
}

// planApply computes the configuration that will be sent and the mode that will be used.
func planApply(ctx context.Context, p *plan) error {
	if p.isUnknown("endpoint", "node") {
		return nil
	}
	p.endpointFollowsNode()

	patches, known := textsAt(p.inputs, "configPatches")
	if p.isUnknown("machineConfigurationInput") || !known {
		return nil
	}
	configuration, err := patched(textAt(p.inputs, "machineConfigurationInput"), patches)
	if err != nil {
		return err
	}
	p.planned["machineConfiguration"] = resource.NewStringProperty(configuration)

	mode := strings.ToLower(textAt(p.inputs, "applyMode"))
	switch {
	case mode == "":
		mode = "auto"
	case mode == stagedIfNeedingReboot && p.prior != nil && textAt(p.prior, "machineConfiguration") == configuration:
		mode = textAt(p.prior, "resolvedApplyMode")
	case mode == stagedIfNeedingReboot:
		mode = p.resolveByDryRun(ctx, configuration)
	}
	p.planned["resolvedApplyMode"] = resource.NewStringProperty(mode)
	return nil
}

// patched is the machine configuration with its patches. Without patches it stays as it is, byte for byte.
func patched(configuration string, patches []string) (string, error) {
	loaded, err := configpatcher.LoadPatches(patches)
	if err != nil {
		return "", diagnostic{"Error loading config patches", err}
	}
	result, err := configpatcher.Apply(configpatcher.WithBytes([]byte(configuration)), loaded)
	if err != nil {
		return "", diagnostic{"Error applying config patches", err}
	}
	content, err := result.Bytes()
	return string(content), err
}

// resolveByDryRun asks the node whether it would reboot. When it cannot be asked the mode is auto, with a warning.
func (p *plan) resolveByDryRun(ctx context.Context, configuration string) string {
	node := textAt(p.inputs, "node")
	var reboots bool
	m, err := machineIn(p.planned)
	if err == nil {
		err = m.do(ctx, func(ctx context.Context, c *client.Client) error {
			response, err := c.ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{
				Mode: machineapi.ApplyConfigurationRequest_AUTO, Data: []byte(configuration), DryRun: true,
			})
			if err == nil && len(response.GetMessages()) > 0 {
				reboots = response.GetMessages()[0].GetMode() == machineapi.ApplyConfigurationRequest_REBOOT
			}
			return err
		})
	}
	switch {
	case err != nil:
		p.warnings = append(p.warnings, fmt.Sprintf(
			"Cannot check reboot requirement: Node %s: %v. Using 'auto' mode (may reboot).", node, err))
		return "auto"
	case reboots:
		p.warnings = append(p.warnings, fmt.Sprintf("Reboot prevented - using staged mode: Node %s: Configuration "+
			"requires reboot. Using 'staged' mode. Manually reboot with: talosctl reboot --nodes %s", node, node))
		return "staged"
	default:
		return "auto"
	}
}

func applyConfiguration(
	ctx context.Context, planned resource.PropertyMap, operation resource.PropertyKey,
) (resource.PropertyMap, error) {
	node, err := machineIn(planned)
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutFor(planned, operation)
	if err != nil {
		return nil, err
	}
	mode := textAt(planned, "resolvedApplyMode")
	if mode == "" {
		mode = textAt(planned, "applyMode")
	}
	request := &machineapi.ApplyConfigurationRequest{
		Mode: machineapi.ApplyConfigurationRequest_Mode(machineapi.ApplyConfigurationRequest_Mode_value[strings.ToUpper(mode)]),
		Data: []byte(textAt(planned, "machineConfiguration")),
	}
	if err := node.retry(ctx, timeout, func(ctx context.Context, c *client.Client) error {
		_, err := c.ApplyConfiguration(ctx, request)
		return err
	}); err != nil {
		return nil, diagnostic{"Error applying configuration", err}
	}
	return withID(planned, "machine_configuration_apply"), nil
}
