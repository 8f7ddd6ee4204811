package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/version"
)

// Options describe one simulated machine and what it is plugged into.
type Options struct {
	// Name is the rack's word for the machine, used in logs. Default: its first address.
	Name string
	// Dir holds what the machine keeps over a power cut. It is created when missing.
	Dir string
	// Addresses are what DHCP hands to the first link, one or more, each with the length of its network. In
	// maintenance mode, and while the config leaves the link to DHCP, these are the machine's addresses.
	Addresses []netip.Prefix
	// Hardware is what the config's selectors are matched against. Default: [DefaultHardware].
	Hardware Hardware
	// MediaVersion is the Talos version on the boot media, with its leading v, which runs until an
	// installation replaces it. Default: the version of the machinery that parses the configs.
	MediaVersion string
	// Kubernetes runs on the machine once it is configured.
	Kubernetes Kubernetes
	// Timing says how long things take. Default: [DefaultTiming].
	Timing Timing
	// Discovery is the discovery service that the machine can reach; nil is none.
	Discovery *Discovery
	// Extensions names the system extensions inside the image of a schematic; nil knows none.
	Extensions func(schematic string) []Extension
	// Pull is asked for each installer image before it is written, and for each image that the machine is told to fetch;
	// its error is what the registry says. Nil has every image.
	Pull func(ref string) error
	// File is what a file below /proc/spl says, where the modules of the extensions have theirs; an error that is [fs.ErrNotExist] is of
	// one that is not there. Nil has none.
	File func(name string) ([]byte, error)
	// OnState is called, in order and without locks held, with each state the machine enters.
	OnState func(State)
	// OnConfigured is called with the machine's address at which a config came that ended maintenance mode.
	OnConfigured func(at netip.Addr)
	// Log receives what the machine's console would show. Default: discarded.
	Log *slog.Logger
}

// Extension is a system extension inside an installed image.
type Extension struct {
	Name    string
	Version string
}

// Timing says how long a machine takes for what takes time. All is zero in no machine, but a test may come close.
type Timing struct {
	// Install is the time to write the image to the disk.
	Install time.Duration
	// Boot is the time from the machine's API being up to its services being started.
	Boot time.Duration
	// Stop is the time that services take to end before a reboot, a reset or a power off.
	Stop time.Duration
	// Reboot is the time during which nothing answers: firmware and kernel.
	Reboot time.Duration
	// Failure is how long a machine shows a fatal error before it reboots; ten seconds on a real one.
	Failure time.Duration
}

// DefaultTiming makes every step long enough to be seen by a client, and short enough for a test.
var DefaultTiming = Timing{
	Install: 800 * time.Millisecond,
	Boot:    500 * time.Millisecond,
	Stop:    200 * time.Millisecond,
	Reboot:  700 * time.Millisecond,
	Failure: time.Second,
}

func (o *Options) setDefaults() {
	if o.Name == "" && len(o.Addresses) > 0 {
		o.Name = o.Addresses[0].Addr().String()
	}
	if o.MediaVersion == "" {
		o.MediaVersion = version.Tag
	}
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Hardware.setDefaults()
}

func (o *Options) validate() error {
	var errs []error
	if o.Dir == "" {
		errs = append(errs, errors.New("dir must be set"))
	}
	if len(o.Addresses) == 0 {
		errs = append(errs, errors.New("addresses must have at least one"))
	}
	for i, addr := range o.Addresses {
		if !addr.IsValid() || addr.Addr().IsUnspecified() {
			errs = append(errs, fmt.Errorf("addresses[%d]: %s is not an address a machine can have", i, addr))
		}
	}
	if o.Kubernetes == nil {
		errs = append(errs, errors.New("kubernetes must be set"))
	}
	if err := checkVersion(o.MediaVersion); err != nil {
		errs = append(errs, fmt.Errorf("mediaVersion: %w", err))
	}
	errs = append(errs, o.Hardware.validate())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("node %s: %w", o.Name, err)
	}
	return nil
}
