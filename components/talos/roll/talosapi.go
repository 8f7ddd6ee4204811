package roll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

// TalosAPI is a machine's own API.
type TalosAPI struct {
	// Secure is a connection with an administrator's certificate, Stranger one without
	// any, which only a machine in maintenance mode answers.
	Secure, Stranger grpc.ClientConnInterface
}

var _ Machine = TalosAPI{}

func (t TalosAPI) machine() machineapi.MachineServiceClient {
	return machineapi.NewMachineServiceClient(t.Secure)
}

// bootIDPath changes with each boot.
const bootIDPath = "/proc/sys/kernel/random/boot_id"

// Running implements [Machine].
func (t TalosAPI) Running(ctx context.Context) (Running, error) {
	version, err := t.machine().Version(ctx, &emptypb.Empty{})
	if err != nil {
		if _, strangerErr := storageapi.NewStorageServiceClient(t.Stranger).Disks(ctx, &emptypb.Empty{}); strangerErr == nil {
			return Running{Maintenance: true}, nil
		}
		return Running{}, err
	}
	if len(version.GetMessages()) == 0 {
		return Running{}, errors.New("the machine does not tell its version")
	}
	is := Running{Talos: spec.Version(version.GetMessages()[0].GetVersion().GetTag())}
	bootID, err := t.Read(ctx, bootIDPath)
	if err != nil {
		return Running{}, fmt.Errorf("boot id: %w", err)
	}
	is.BootID = strings.TrimSpace(string(bootID))
	if is.Schematic, err = schematicOf(ctx, t.Secure); err != nil {
		return Running{}, fmt.Errorf("extensions: %w", err)
	}
	is.Ready, is.Unmet, err = statusOf(ctx, t.Secure)
	return is, err
}

// Read is what a file of the machine says, such as one below /proc. One that is not there is an error of the code NotFound.
func (t TalosAPI) Read(ctx context.Context, path string) ([]byte, error) {
	stream, err := t.machine().Read(ctx, &machineapi.ReadRequest{Path: path})
	if err != nil {
		return nil, err
	}
	return receive(stream)
}

// receive reads a stream of bytes to its end.
func receive(stream grpc.ServerStreamingClient[common.Data]) ([]byte, error) {
	var all []byte
	for {
		data, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if problem := data.GetMetadata().GetError(); problem != "" {
			return nil, errors.New(problem)
		}
		all = append(all, data.GetBytes()...)
	}
}

// DryRun implements [Machine]. Which change needs a reboot is the machine's to say: it
// differs between releases of Talos.
func (t TalosAPI) DryRun(ctx context.Context, config []byte) (Effect, string, error) {
	reply, err := t.machine().ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{
		Data: config, Mode: machineapi.ApplyConfigurationRequest_AUTO, DryRun: true,
	})
	if status.Code(err) == codes.InvalidArgument {
		return Refused, status.Convert(err).Message(), nil
	}
	if err != nil {
		return Refused, "", err
	}
	if len(reply.GetMessages()) == 0 {
		return Refused, "", errors.New("the machine does not say what the config would do")
	}
	answer := reply.GetMessages()[0]
	switch {
	case answer.GetMode() == machineapi.ApplyConfigurationRequest_REBOOT:
		return NeedsReboot, "", nil
	// In the words of
	// https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go
	case strings.Contains(answer.GetModeDetails(), "No changes."):
		return Unchanged, "", nil
	}
	return Immediate, "", nil
}

// Apply implements [Machine].
func (t TalosAPI) Apply(ctx context.Context, config []byte, mode Mode) error {
	modes := map[Mode]machineapi.ApplyConfigurationRequest_Mode{
		Now:        machineapi.ApplyConfigurationRequest_NO_REBOOT,
		WithReboot: machineapi.ApplyConfigurationRequest_REBOOT,
		AtNextBoot: machineapi.ApplyConfigurationRequest_STAGED,
	}
	_, err := t.machine().ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{Data: config, Mode: modes[mode]})
	if err != nil {
		return fmt.Errorf("apply the config: %w", err)
	}
	return nil
}

// Try implements [Machine].
func (t TalosAPI) Try(ctx context.Context, config []byte, last time.Duration) error {
	_, err := t.machine().ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{
		Data: config, Mode: machineapi.ApplyConfigurationRequest_TRY, TryModeTimeout: durationpb.New(last),
	})
	if status.Code(err) == codes.InvalidArgument {
		return fmt.Errorf("%w: %s", ErrRefused, status.Convert(err).Message())
	}
	return err
}

// Config implements [Machine].
func (t TalosAPI) Config(ctx context.Context) ([]byte, error) { return activeConfig(ctx, t.Secure) }

// KubeletStarted implements [Machine]. Each state of a service is kept with its time; its last one that is not running was
// before its last start.
func (t TalosAPI) KubeletStarted(ctx context.Context) (started time.Time, err error) {
	reply, err := t.machine().ServiceList(ctx, &emptypb.Empty{})
	if err != nil {
		return started, err
	}
	for _, message := range reply.GetMessages() {
		for _, service := range message.GetServices() {
			if service.GetId() != kubeletService {
				continue
			}
			if health := service.GetHealth(); service.GetState() != stateRunning || !health.GetUnknown() && !health.GetHealthy() {
				return started, fmt.Errorf("its kubelet is %s, and not healthy", strings.ToLower(service.GetState()))
			}
			for _, event := range service.GetEvents().GetEvents() {
				if at := event.GetTs().AsTime(); event.GetState() != stateRunning && at.After(started) {
					started = at
				}
			}
			return started, nil
		}
	}
	return started, errors.New("it has no kubelet")
}

// The kubelet's service, and the state of one that runs, as Talos calls them.
const (
	kubeletService = "kubelet"
	stateRunning   = "Running"
)

// Addresses implements [Machine].
func (t TalosAPI) Addresses(ctx context.Context) ([]netip.Addr, error) {
	return addresses(ctx, t.Secure)
}

// Configure implements [Machine].
func (t TalosAPI) Configure(ctx context.Context, config []byte) error {
	_, err := machineapi.NewMachineServiceClient(t.Stranger).ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{
		Data: config, Mode: machineapi.ApplyConfigurationRequest_AUTO,
	})
	return err
}

// Reset implements [Machine]. With partitions named, the rest of the system disk stays, and all others
// (https://www.talos.dev/v1.11/talos-guides/resetting-a-machine/).
func (t TalosAPI) Reset(ctx context.Context, graceful bool, userVolumes ...string) error {
	labels := []string{constants.StatePartitionLabel, constants.EphemeralPartitionLabel}
	for _, name := range userVolumes {
		labels = append(labels, constants.UserVolumePrefix+name)
	}
	request := &machineapi.ResetRequest{Graceful: graceful, Reboot: true}
	for _, label := range labels {
		request.SystemPartitionsToWipe = append(request.SystemPartitionsToWipe, &machineapi.ResetPartitionSpec{Label: label, Wipe: true})
	}
	_, err := t.machine().Reset(ctx, request)
	if err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return nil
}

// InstalledOn implements [Machine].
func (t TalosAPI) InstalledOn(ctx context.Context, config []byte) (disk string, selected bool, err error) {
	cfg, err := configloader.NewFromBytes(config)
	if err != nil {
		return "", false, err
	}
	return discover.InstalledOn(ctx, t.Secure, cfg)
}

// Upgrade implements [Machine].
func (t TalosAPI) Upgrade(ctx context.Context, image string) error {
	// Releases up to 1.7 wiped EPHEMERAL unless they were told to preserve it.
	_, err := t.machine().Upgrade(ctx, &machineapi.UpgradeRequest{Image: image, Preserve: true})
	if err != nil {
		return fmt.Errorf("upgrade to %s: %w", image, err)
	}
	return nil
}

// Pull implements [Machine].
func (t TalosAPI) Pull(ctx context.Context, image string) error {
	_, err := t.machine().ImagePull(ctx, &machineapi.ImagePullRequest{Namespace: common.ContainerdNamespace_NS_CRI, Reference: image})
	return err
}

// EtcdStatus implements [Machine].
func (t TalosAPI) EtcdStatus(ctx context.Context) (MemberStatus, error) {
	reply, err := t.machine().EtcdStatus(ctx, &emptypb.Empty{})
	if err != nil {
		return MemberStatus{}, err
	}
	if len(reply.GetMessages()) == 0 {
		return MemberStatus{}, errors.New("no answer")
	}
	s := reply.GetMessages()[0].GetMemberStatus()
	return MemberStatus{ID: s.GetMemberId(), Leader: s.GetLeader(), Learner: s.GetIsLearner(), Errors: s.GetErrors()}, nil
}

// EtcdMembers implements [Machine].
func (t TalosAPI) EtcdMembers(ctx context.Context) ([]Member, error) {
	reply, err := t.machine().EtcdMemberList(ctx, &machineapi.EtcdMemberListRequest{})
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, message := range reply.GetMessages() {
		for _, m := range message.GetMembers() {
			members = append(members, Member{ID: m.GetId(), Name: m.GetHostname(), Learner: m.GetIsLearner()})
		}
	}
	return members, nil
}

// ForfeitLeadership implements [Machine].
func (t TalosAPI) ForfeitLeadership(ctx context.Context) error {
	_, err := t.machine().EtcdForfeitLeadership(ctx, &machineapi.EtcdForfeitLeadershipRequest{})
	return err
}

// LeaveEtcd implements [Machine].
func (t TalosAPI) LeaveEtcd(ctx context.Context) error {
	_, err := t.machine().EtcdLeaveCluster(ctx, &machineapi.EtcdLeaveClusterRequest{})
	return err
}

// RemoveMember implements [Machine].
func (t TalosAPI) RemoveMember(ctx context.Context, id uint64) error {
	_, err := t.machine().EtcdRemoveMemberByID(ctx, &machineapi.EtcdRemoveMemberByIDRequest{MemberId: id})
	return err
}

// Kubeconfig is an administrator's, as a control plane hands it out.
func (t TalosAPI) Kubeconfig(ctx context.Context) ([]byte, error) {
	stream, err := t.machine().Kubeconfig(ctx, &emptypb.Empty{})
	if err != nil {
		return nil, err
	}
	archive, err := receive(stream)
	if err != nil {
		return nil, err
	}
	return kubeconfigIn(archive)
}
