// Package spec says what a stack file (Pulumi.STACK.yaml) may hold, reads it strictly, fills in the
// defaults, and refuses a plan that cannot work on real hardware.
//
// It is the ground floor of the project: the Pulumi program, the homeops command and the rehearsal
// read the same types through the same [LoadFile] or [FromConfig] and ask the same [Stack.Validate].
// It knows nothing of Pulumi. Patches of machine configurations and expressions that select disks are read by Talos's
// own libraries (internal/talospatch, internal/diskmatch), so that it says what the node would say.
//
// A file NAME.go holds the types of a topic, and NAME_check.go its rules. A rule tells one fault once: at the value
// that is to be changed, with the other owner of a clash.
//
// A path inside the stack file is a Kubernetes field.Path, which is nil for the file as a whole; it becomes text where a
// [Problem] is made, and where the loader remembers the place of a value.
//
// Four struct tags describe a field to the loader, the validator and the schema generator alike:
//
//	json     the key in the stack file
//	required "true" when the key has no default and the plan is refused without it
//	example  a plausible value, shown when the key is missing or malformed
//	min, max the inclusive bounds of a number, or of the length of a list
//
// A type with a Values method is an enumeration; a type with a defaults method states its defaults there.
package spec
