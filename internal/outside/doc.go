// Package outside asks the services outside the cluster, over plain HTTP, for the things
// that their providers do not do.
//
// One is to take over what a dead run has made. What is made outside is made by one call; a
// run that dies after the service has done it and before the engine has written it down
// leaves a thing that no state knows, and every later run is refused: the name is taken. So a
// hook looks before the engine creates such a thing, and only then: a cluster that has all of
// its things asks nobody. What bears this program's mark is removed, and made again by what
// follows; removal loses nothing, for nobody has used it yet. What does not is another's: it is
// left alone, and the error says what it is and the command that would remove it. The marks:
//
//   - a tunnel: its name and its secret, which is derived from the cluster's own;
//   - a webhook: its address, which has a digest of its secret in it;
//   - a deploy key: its title and the key itself;
//   - a record: its name and its comment;
//   - a ruleset: its name;
//   - an API token: its name, and the zone that it is for;
//   - an item of 1Password: its title and its tag.
//
// What is deleted outside is deleted by one call, too, and a run can die after it. Every later
// run is refused then: the providers do not delete what is not there. No hook can have them
// pass over it; so one looks, after such a failure alone, whether the thing is gone, and tells
// the command that has the state forget it.
//
// The other is a limit of time. The engine sets none to a provider's functions, and the
// providers have none: a service that is silent would hold a run for ever.
//
// The services' own Go clients would add minutes to each compilation, for these few requests.
package outside
