package node

import (
	"context"
	"fmt"

	"github.com/cosi-project/runtime/pkg/resource"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
)

// maintenanceID names the resource of a config that was submitted in maintenance mode
// (https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/resources/config/machine_config.go).
const maintenanceID = resource.ID("maintenance")

// maintain serves the maintenance API until a config arrives that is enough to boot with. It returns no config
// when the session ended instead.
func (s *session) maintain(ctx context.Context) (config.Provider, error) {
	s.setNetwork(ctx, networkWithoutConfig(s.node.opts, s.identity))
	if err := s.api.startMaintenance(); err != nil {
		return nil, err
	}
	s.enter(ctx, Maintenance)
	s.events.publish("", &machineapi.TaskEvent{Task: "runningMaintenance", Action: machineapi.TaskEvent_START})
	for {
		select {
		case cfg := <-s.configured:
			if err := s.publishConfig(ctx, maintenanceID, cfg); err != nil {
				return nil, err
			}
			if !cfg.CompleteForBoot() {
				// A part of a config is kept, and the machine goes on waiting for the rest.
				continue
			}
			s.events.publish("", &machineapi.TaskEvent{Task: "runningMaintenance", Action: machineapi.TaskEvent_STOP})
			s.api.stop(true)
			return cfg, s.unpublishConfig(ctx, maintenanceID)
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// loadConfig reads the config on STATE; nil when there is none. Without an installation there is no STATE: what is
// in the directory then is of an installation that was interrupted.
func (s *session) loadConfig() (config.Provider, error) {
	if s.installed == nil {
		return nil, nil
	}
	data, err := s.parts.config()
	if err != nil || data == nil {
		return nil, err
	}
	cfg, err := s.parse(data)
	if err != nil {
		return nil, fmt.Errorf("config on STATE: %w", err)
	}
	if _, err := validateFor(cfg, installedMetal{}); err != nil {
		return nil, fmt.Errorf("config on STATE: %w", err)
	}
	return cfg, nil
}

// persist writes a config to STATE: the one that the next boot loads.
func (s *session) persist(cfg config.Provider) error {
	data, err := cfg.Bytes()
	if err != nil {
		return err
	}
	return s.parts.setConfig(data)
}
