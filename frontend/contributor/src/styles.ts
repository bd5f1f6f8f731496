/** Global styles come first, so that components can override them. */
import "@shared/styles";
