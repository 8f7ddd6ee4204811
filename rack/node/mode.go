package node

// metal is the runtime mode of a machine: installed on its own disk, not in a container or a cloud.
type metal struct{}

func (metal) String() string { return "metal" }

func (metal) RequiresInstall() bool { return true }

func (metal) InContainer() bool { return false }

// installedMetal is the mode in which an installed machine validates a config, a new one or that on its own disk:
// the install section is not looked at.
type installedMetal struct{ metal }

func (installedMetal) RequiresInstall() bool { return false }
