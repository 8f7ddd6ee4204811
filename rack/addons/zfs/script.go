package zfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// sector is the unit in which the script reads disks, in bytes.
const sector = 512

// run executes a script as a privileged container of the node would that has the node's root in /host. The error is what
// it printed.
func (h *Hosts) run(ctx context.Context, node, script string, env []string) error {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "script")
	if err != nil {
		return err
	}
	var said bytes.Buffer
	runner, err := interp.New(
		interp.Env(expand.ListEnviron(append(slices.Clone(env), "PATH="+os.Getenv("PATH"))...)),
		interp.StdIO(nil, &said, &said), interp.ExecHandlers(h.programs(node)),
		interp.OpenHandler(noFiles),
	)
	if err != nil {
		return err
	}
	if err := runner.Run(ctx, parsed); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// noFiles keeps a script from the files of this machine.
func noFiles(_ context.Context, path string, _ int, _ os.FileMode) (io.ReadWriteCloser, error) {
	if path == os.DevNull {
		return os.OpenFile(os.DevNull, os.O_RDWR, 0)
	}
	return nil, fmt.Errorf("%s: the rack has no such file for a script", path)
}

// filters are programs that see nothing but their input; this machine's own do.
var filters = []string{"basename", "grep", "sed", "sort", "tr", "wc"}

// programs are what a script can start: filters, and those that look at devices.
func (h *Hosts) programs(node string) func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	devices := map[string]func(context.Context, io.Writer, []string) error{
		"chroot": func(ctx context.Context, out io.Writer, args []string) error {
			words, err := onHost(args)
			if err != nil {
				return err
			}
			return h.Zpool(ctx, node, words, out)
		},
		"find":     func(_ context.Context, out io.Writer, args []string) error { return h.find(node, args, out) },
		"readlink": func(_ context.Context, out io.Writer, args []string) error { return h.readlink(node, args, out) },
		"blockdev": func(_ context.Context, out io.Writer, args []string) error { return h.blockdev(node, args, out) },
		"dd":       func(_ context.Context, out io.Writer, args []string) error { return h.dd(node, args, out) },
	}
	return func(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
		return func(ctx context.Context, args []string) error {
			if slices.Contains(filters, args[0]) {
				return next(ctx, args)
			}
			streams := interp.HandlerCtx(ctx)
			program := devices[args[0]]
			if program == nil {
				fmt.Fprintf(streams.Stderr, "%s: not found\n", args[0])
				return interp.ExitStatus(127)
			}
			if err := program(ctx, streams.Stdout, args[1:]); err != nil {
				fmt.Fprintln(streams.Stderr, err)
				return interp.ExitStatus(1)
			}
			return nil
		}
	}
}

// onHost are the words for the host's own zpool, of what chroot is given in a container that has the host's root in /host.
func onHost(args []string) ([]string, error) {
	if len(args) < 2 || args[0] != "/host" || args[1] != "/usr/local/sbin/zpool" {
		return nil, fmt.Errorf("chroot: can't execute %q", args)
	}
	return args[2:], nil
}

// find lists every name of every disk, below /host.
func (h *Hosts) find(node string, args []string, out io.Writer) error {
	if !slices.Equal(args, []string{"/host/dev"}) {
		return fmt.Errorf("the rack's find does not know: find %s", strings.Join(args, " "))
	}
	for _, disk := range h.Disks(node) {
		for _, name := range append([]string{disk.Path}, disk.Links...) {
			fmt.Fprintln(out, "/host"+name)
		}
	}
	return nil
}

func (h *Hosts) readlink(node string, args []string, out io.Writer) error {
	if len(args) != 2 || args[0] != "-f" {
		return fmt.Errorf("the rack's readlink does not know: readlink %s", strings.Join(args, " "))
	}
	disk := h.disk(node, strings.TrimPrefix(args[1], "/host"))
	if disk == nil {
		return errors.New("")
	}
	fmt.Fprintln(out, "/host"+disk.Path)
	return nil
}

func (h *Hosts) blockdev(node string, args []string, out io.Writer) error {
	if len(args) != 2 || args[0] != "--getsize64" {
		return fmt.Errorf("the rack's blockdev does not know: blockdev %s", strings.Join(args, " "))
	}
	disk := h.disk(node, strings.TrimPrefix(args[1], "/host"))
	if disk == nil {
		return fmt.Errorf("blockdev: cannot open %s: No such file or directory", args[1])
	}
	fmt.Fprintln(out, disk.Size)
	return nil
}

// dd reads sectors. A disk that is in use has something in its last one, where partition tables have their copy: a
// script that looks at the beginning alone does not see it.
func (h *Hosts) dd(node string, args []string, out io.Writer) error {
	given := map[string]string{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		given[key] = value
	}
	count, err1 := strconv.ParseUint(given["count"], 10, 16)
	skip, err2 := strconv.ParseUint(given["skip"], 10, 64)
	if err := errors.Join(err1, err2); err != nil || given["bs"] != strconv.Itoa(sector) || len(given) != 4 {
		return fmt.Errorf("the rack's dd does not know: dd %s", strings.Join(args, " "))
	}
	disk := h.disk(node, strings.TrimPrefix(given["if"], "/host"))
	if disk == nil {
		return fmt.Errorf("dd: can't open '%s': No such file or directory", given["if"])
	}
	sectors := disk.Size / sector
	if skip >= sectors {
		return nil
	}
	content := make([]byte, min(count, sectors-skip)*sector)
	if disk.InUse != "" && skip+count >= sectors {
		copy(content[len(content)-sector:], "EFI PART")
	}
	_, err := out.Write(content)
	return err
}
