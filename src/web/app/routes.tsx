/**
 * The pages: which path leads to which, and how they are grouped in the navigation.
 *
 * @module
 */

import type { ComponentType } from "preact";
import { PAGE_PATHS } from "../paths.ts";
import { AccessPage } from "./pages/access.tsx";
import { ConversationPage } from "./pages/conversation.tsx";
import { ConversationsPage } from "./pages/conversations.tsx";
import { ConnectPage } from "./pages/connect.tsx";
import { DocumentPage } from "./pages/document.tsx";
import { DocumentsPage } from "./pages/documents.tsx";
import { HomePage } from "./pages/home.tsx";
import { InsightsPage } from "./pages/insights.tsx";
import { MapPage } from "./pages/map.tsx";
import { MemoriesPage } from "./pages/memories.tsx";
import { MemoryPage } from "./pages/memory.tsx";
import { MovingPage } from "./pages/moving.tsx";
import { ReviewPage } from "./pages/review.tsx";
import { ServicePage } from "./pages/service.tsx";
import { TagsPage } from "./pages/tags.tsx";
import { TrashPage } from "./pages/trash.tsx";
import type { MessageKey } from "./text.ts";

/** A page. */
export interface Route {
  title: MessageKey;
  page: ComponentType;
}

export const ROUTES: Record<typeof PAGE_PATHS[number], Route> = {
  "/": { title: "nav.home", page: HomePage },
  "/memories": { title: "nav.memories", page: MemoriesPage },
  "/memory": { title: "nav.memory", page: MemoryPage },
  "/conversations": { title: "nav.conversations", page: ConversationsPage },
  "/conversation": { title: "nav.conversation", page: ConversationPage },
  "/documents": { title: "nav.documents", page: DocumentsPage },
  "/document": { title: "nav.document", page: DocumentPage },
  "/insights": { title: "nav.insights", page: InsightsPage },
  "/map": { title: "nav.map", page: MapPage },
  "/review": { title: "nav.review", page: ReviewPage },
  "/tags": { title: "nav.tags", page: TagsPage },
  "/trash": { title: "nav.trash", page: TrashPage },
  "/moving": { title: "nav.moving", page: MovingPage },
  "/service": { title: "nav.service", page: ServicePage },
  "/access": { title: "nav.access", page: AccessPage },
  "/connect": { title: "nav.connect", page: ConnectPage },
};

/** What the navigation shows, in groups. */
export const NAVIGATION: readonly (readonly (typeof PAGE_PATHS[number])[])[] = [
  ["/", "/memories", "/conversations", "/documents"],
  ["/insights", "/map", "/review", "/tags"],
  ["/trash", "/moving"],
  ["/connect", "/service", "/access"],
];

/** The entry of the navigation that a page belongs to. */
export const SECTION: Partial<Record<string, string>> = {
  "/memory": "/memories",
  "/conversation": "/conversations",
  "/document": "/documents",
};

export const routeOf = (path: string): Route | undefined => (ROUTES as Record<string, Route>)[path];
