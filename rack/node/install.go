package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block/blockhelpers"
)

// install writes Talos to the disk that the config chooses, with the config beside it. The machine is silent
// meanwhile: neither the maintenance service nor apid runs during the install sequence.
func (s *session) install(ctx context.Context, cfg config.Provider) error {
	wanted, err := installOf(cfg)
	if err != nil {
		return &sequenceError{sequenceInstall, err}
	}
	disk, err := s.installDisk(ctx, wanted)
	if err != nil {
		return &sequenceError{sequenceInstall, err}
	}
	img, err := parseImage(wanted.image)
	if err != nil {
		return &sequenceError{sequenceInstall, err}
	}
	write := func(ctx context.Context) error {
		if err := s.pull(img); err != nil {
			return err
		}
		s.log.Info("installing Talos", "disk", disk, "image", img.Ref)
		if !sleep(ctx, s.node.opts.Timing.Install) {
			return ctx.Err()
		}
		if wanted.wipe {
			if err := errors.Join(s.parts.wipeEphemeral(), s.parts.setMade(nil), s.parts.wipeUserVolumesOf(disk)); err != nil {
				return err
			}
		}
		if err := s.persist(cfg); err != nil {
			return err
		}
		return s.parts.setInstalled(installation{Disk: disk, Image: img.Ref, Version: img.Version, Schematic: img.Schematic})
	}
	return s.runSequence(ctx, sequence{name: sequenceInstall, state: Installing, tasks: []task{
		{"install", "install", write}, {"reboot", "reboot", done},
	}})
}

// pull asks for the image as machined does before it runs the installer in it.
func (s *session) pull(img image) error {
	if s.node.opts.Pull == nil {
		return nil
	}
	if err := s.node.opts.Pull(img.Ref); err != nil {
		return fmt.Errorf("error pulling installer image: %w", err)
	}
	return nil
}

// wantedInstall is what a config says about the installation.
type wantedInstall struct {
	image string
	// match chooses the disk; disk is its path when there is no expression.
	match *cel.Expression
	disk  string
	wipe  bool
}

// installOf reads the installation out of its own document, which contract v1.14 has, or of the machine section.
func installOf(cfg config.Provider) (wantedInstall, error) {
	if document := cfg.UnattendedInstallConfig(); document != nil {
		match := document.VolumeSelector()
		return wantedInstall{image: document.InstallerImage(), match: &match, wipe: document.VolumeWipe()}, nil
	}
	section := cfg.Machine().Install()
	match, err := section.DiskMatchExpression()
	if err != nil {
		return wantedInstall{}, fmt.Errorf("disk match expression: %w", err)
	}
	return wantedInstall{image: section.Image(), match: match, disk: section.Disk(), wipe: section.Zero()}, nil
}

// installDisk finds the disk as machined does: the first that the selector matches, else the path.
func (s *session) installDisk(ctx context.Context, wanted wantedInstall) (string, error) {
	if wanted.match == nil {
		return s.writable(wanted.disk)
	}
	matched, err := blockhelpers.MatchDisks(ctx, s.resources, wanted.match)
	if err != nil {
		return "", err
	}
	if len(matched) == 0 {
		return "", fmt.Errorf("no disks matched the expression: %s", wanted.match)
	}
	return s.writable(matched[0].TypedSpec().DevPath)
}

func (s *session) writable(path string) (string, error) {
	hw := s.node.hardware()
	disk, ok := hw.disk(filepath.Clean(path))
	if !ok {
		return "", fmt.Errorf("lstat %s: no such file or directory", path)
	}
	if disk.ReadOnly {
		return "", fmt.Errorf("disk %s is read-only", disk.Path)
	}
	if disk.Dead {
		return "", fmt.Errorf("disk %s: %w", disk.Path, errIO)
	}
	return disk.Path, nil
}

// installOver replaces the installed image.
func (s *session) installOver(img image) error {
	if s.installed == nil {
		return errors.New("there is no installation to replace")
	}
	next := *s.installed
	next.Image, next.Version, next.Schematic, next.StagedImage = img.Ref, img.Version, img.Schematic, ""
	return s.parts.setInstalled(next)
}

// stage leaves an image to be installed at the next boot.
func (s *session) stage(img image) error {
	next := *s.installed
	next.StagedImage = img.Ref
	return s.parts.setInstalled(next)
}

// installStaged does at boot what a staged upgrade asked for. The machine boots once more afterwards, into the
// new image; here that is the same session.
func (s *session) installStaged(ctx context.Context) error {
	if s.installed == nil || s.installed.StagedImage == "" {
		return nil
	}
	img, err := parseImage(s.installed.StagedImage)
	if err != nil {
		return err
	}
	s.enter(ctx, Installing)
	if !sleep(ctx, s.node.opts.Timing.Install) {
		return nil
	}
	if err := checkHost(s.version(), img); err != nil {
		// The next boot does not try again.
		return errors.Join(err, s.stage(image{}))
	}
	if err := s.installOver(img); err != nil {
		return err
	}
	inst, _, err := s.parts.installed()
	s.installed = &inst
	return err
}
