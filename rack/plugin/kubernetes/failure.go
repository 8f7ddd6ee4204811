package kubernetes

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
)

// waitError is a wait that did not end well, with every reason that the cluster gave.
type waitError struct {
	text     string
	problems []string
}

func (e *waitError) Error() string { return e.text }

// notInitialized is the error of an object that exists but is not ready. The engine keeps the object in the state
// with the reasons, and the next run waits for it again.
func notInitialized(id string, err error, state, inputs *structpb.Struct) error {
	reasons := []string{err.Error()}
	var waited *waitError
	if errors.As(err, &waited) {
		reasons = append(reasons, waited.problems...)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, err.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: state, Reasons: reasons, Inputs: inputs,
	})
}
