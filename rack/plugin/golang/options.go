package golang

import (
	"errors"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// options are the runtime options of a project file.
type options struct {
	// binary is a compiled program to run as it is: nothing is built.
	binary string
	// buildTarget is where the program is compiled to, relative to the program's directory. "" is a temporary file.
	buildTarget string
}

func parseOptions(info *pulumirpc.ProgramInfo) (options, error) {
	var parsed options
	given := info.GetOptions().AsMap()
	for name, field := range map[string]*string{"binary": &parsed.binary, "buildTarget": &parsed.buildTarget} {
		value, ok := given[name]
		if !ok {
			continue
		}
		text, ok := value.(string)
		if !ok {
			return options{}, fmt.Errorf("%s option must be a string", name)
		}
		*field = text
	}
	if parsed.binary != "" && parsed.buildTarget != "" {
		return options{}, errors.New("binary and buildTarget cannot both be specified")
	}
	return parsed, nil
}
